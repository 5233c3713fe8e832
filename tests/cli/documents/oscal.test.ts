import { oscalComponentDefinition, controlToken, uuidOf } from "../../../cli/documents/oscal";
import { environment } from "../../support/environment";

interface Requirement {
  readonly uuid: string;
  readonly "control-id": string;
  readonly description: string;
  readonly props: readonly { readonly name: string; readonly value: string }[];
}
interface Definition {
  readonly "component-definition": {
    readonly uuid: string;
    readonly metadata: Readonly<Record<string, string>>;
    readonly components: readonly {
      readonly "control-implementations": readonly {
        readonly source: string;
        readonly "implemented-requirements": readonly Requirement[];
      }[];
    }[];
  };
}

const written = (changes: Record<string, unknown> = {}, stack = "test"): Definition =>
  JSON.parse(oscalComponentDefinition({ stack, environment: environment(changes) })) as Definition;
const requirements = (definition: Definition): Requirement[] =>
  definition["component-definition"].components.flatMap((component) =>
    component["control-implementations"].flatMap((one) => one["implemented-requirements"]),
  );

it("spells ids as OSCAL's tokens, those of SP 800-53 as its catalog does", () => {
  expect(controlToken("NIST SP 800-53", "NIST SP 800-53 AC-6(5)")).toBe("ac-6.5");
  expect(controlToken("NIST AI RMF", "NIST AI RMF MEASURE 2.7")).toBe("measure-2.7");
  expect(controlToken("OWASP LLM", "OWASP LLM06:2025")).toBe("owasp-llm06-2025");
  for (const one of requirements(written())) expect(one["control-id"]).toMatch(/^[a-z][a-z0-9.-]*$/);
});

it("makes ids by RFC 9562, version 5, so that the file is the same each time", () => {
  // The example of Python's uuid.uuid5(uuid.NAMESPACE_URL, "http://python.org/").
  expect(uuidOf("http://python.org/")).toBe("4c565f0d-3f5a-5890-b41b-20cf47701c5e");
  expect(oscalComponentDefinition({ stack: "a", environment: environment() })).toBe(
    oscalComponentDefinition({ stack: "a", environment: environment() }),
  );
  const ids = requirements(written()).map(({ uuid }) => uuid);
  expect(new Set(ids).size).toBe(ids.length);
  expect(requirements(written({}, "other")).some(({ uuid }) => ids.includes(uuid))).toBe(false);
});

it("leaves out what the posture does nothing for, and says of the rest what is met", () => {
  const found = requirements(written({ "review.approvals": 1 }));
  const posture = (id: string): string | undefined =>
    found.find(({ props }) => props.some(({ value }) => value === id))?.props.find(({ name }) => name === "posture")
      ?.value;
  expect(posture("OWASP LLM04:2025")).toBeUndefined();
  expect(posture("CIS 1.1.3")).toBe("not-met");
  expect(posture("CIS 1.1.4")).toBe("met");
  expect(posture("NIST SP 800-53 AC-3")).toBe("contributes");
});
