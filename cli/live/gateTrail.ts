import type { Head } from "../../gate/policy/checkpoint";
import type { Reader, Response } from "./reader";

/** Records of one page; the gate gives no more. */
const PAGE = 10_000;

/** The records behind one, as far as one page has them, and where the gate says that its trail ends. */
export async function trailPage(
  operator: Reader,
  after: number,
): Promise<{ readonly response: Response; readonly head: Head }> {
  const response = await operator.again(`/_gate/audit?after=${after}&limit=${PAGE}`);
  const [seq = "", hash = ""] = (response.header("x-gatehouse-audit-head") ?? "").split(" ");
  return { response, head: { seq: Number(seq), hash } };
}
