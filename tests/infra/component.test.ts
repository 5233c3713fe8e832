import * as random from "@pulumi/random";
import { GatehouseComponent } from "../../infra";
import { deploy } from "../support/pulumi";

class Sample extends GatehouseComponent {
  constructor(name: string, child: string, opts: object) {
    super("gatehouse:test:Sample", name, opts);
    new random.RandomId(child, { byteLength: 4 }, { parent: this });
    this.registerOutputs({});
  }
}
const mocks = { types: { "random:index/randomId:RandomId": () => ({ hex: "00" }) } };

it("takes a child that starts with its component's name", async () => {
  const { resources } = await deploy(mocks, (opts) => new Sample("part", "part-id", opts));
  expect(resources.map(({ name }) => name).sort()).toEqual(["part", "part-id"]);
});

it.each(["id", "other-id", "partid", "Part-id"])("refuses a child named %s", async (child) => {
  await expect(deploy(mocks, (opts) => new Sample("part", child, opts))).rejects.toThrow(
    `The resource ${child} (random:index/randomId:RandomId) inside part must be named part-…`,
  );
});
