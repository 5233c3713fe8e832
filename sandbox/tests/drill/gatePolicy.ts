import { EMBEDDED_POLICY, embedPolicy } from "../../../gate/policy/embed";
import type { GatePolicy } from "../../../gate/policy/policy";
import { names } from "../../../infra/model";
import type { Harness } from "../../drill/fixture";

const HEAD = new RegExp(`^const ${EMBEDDED_POLICY} = (\\{[\\s\\S]*?\\n\\});\\n`);

/** The deployed gate, uploaded again with another policy, as somebody with the account's token could. */
export async function gateOf(
  harness: Harness,
): Promise<{ readonly policy: GatePolicy; with(policy: GatePolicy): Promise<void> }> {
  const { api, token, accountId } = harness.systems.cloudflare;
  const script = `${api}/accounts/${accountId}/workers/scripts/${names(harness.environment).gateScript}`;
  const authorization = `Bearer ${token}`;
  const answer = await fetch(`${script}/content/v2`, { headers: { authorization } });
  const modules = [...(await answer.formData()).entries()].map(([name, value]) => ({ name, file: value as File }));
  const { result: settings } = (await (await fetch(`${script}/settings`, { headers: { authorization } })).json()) as {
    result: { bindings: { name: string }[]; compatibility_date: string; compatibility_flags: string[] };
  };
  const texts = await Promise.all(
    modules.map(async ({ name, file }) => ({ name, type: file.type, text: await file.text() })),
  );
  const main = texts.find(({ text }) => HEAD.test(text));
  const policy = main && HEAD.exec(main.text)?.[1];
  if (!main || !policy) throw new Error("the gate's policy is not at the head of its module");
  return {
    policy: JSON.parse(policy) as GatePolicy,
    with: async (next) => {
      const form = new FormData();
      form.set(
        "metadata",
        new Blob(
          [
            JSON.stringify({
              main_module: main.name,
              compatibility_date: settings.compatibility_date,
              compatibility_flags: settings.compatibility_flags,
              bindings: settings.bindings.map(({ name }) => ({ name, type: "inherit" })),
            }),
          ],
          { type: "application/json" },
        ),
      );
      for (const { name, type, text } of texts)
        form.set(
          name,
          new File([name === main.name ? text.replace(HEAD, () => embedPolicy("", next)) : text], name, { type }),
        );
      const put = await fetch(script, { method: "PUT", headers: { authorization }, body: form });
      if (!put.ok) throw new Error(`the gate was not uploaded: ${put.status} ${await put.text()}`);
    },
  };
}
