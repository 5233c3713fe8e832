import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { ROOT } from "../support/sandbox";

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  /** What a command takes when it is there; npm installs none of it by itself. */
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}
const read = <T>(file: string): T => JSON.parse(readFileSync(join(ROOT, file), "utf8")) as T;
const product = read<Manifest>("package.json");
const sandbox = read<Manifest>("sandbox/package.json");
const { packages: lock } = read<{
  readonly packages: Readonly<Record<string, { dev?: boolean; link?: boolean; resolved?: string }>>;
}>("package-lock.json");

const PROOF = ["bench", "dist", "docs", "examples", "node_modules", "sandbox", "tests"];
const PRODUCT = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !PROOF.includes(entry.name))
  .map(({ name }) => name);

/** The packages that the sources of some folders import at run time. */
function imported(folders: readonly string[], isSource: (path: string) => boolean): string[] {
  const { metafile } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: [...folders],
    external: ["cloudflare:*"],
    bundle: true,
    packages: "external",
    platform: "node",
    metafile: true,
    write: false,
    outdir: "out",
    logLevel: "error",
  });
  const names = Object.entries(metafile.inputs)
    .filter(([path]) => isSource(path))
    .flatMap(([, { imports }]) => imports)
    .filter(({ external, path }) => external && !/^(\.|cloudflare:)/.test(path) && !isBuiltin(path))
    .map(({ path }) => path.split("/", path.startsWith("@") ? 2 : 1).join("/"));
  return [...new Set(names)].sort();
}

const ofProduct = imported(
  PRODUCT.map((folder) => `${folder}/**/*.ts`),
  (path) => !path.startsWith("sandbox/"),
);

describe("the product, as `npm ci --omit=dev` installs it,", () => {
  it("declares every package that it imports", () => {
    const optional = Object.keys(product.peerDependencies ?? {});
    expect(optional.filter((name) => product.peerDependenciesMeta?.[name]?.optional !== true)).toEqual([]);
    expect(ofProduct.filter((name) => !(name in product.dependencies || optional.includes(name)))).toEqual([]);
    expect(ofProduct).toContain("zod");
  });

  it("depends on no package that the sandbox alone imports", () => {
    expect(
      Object.keys(sandbox.dependencies).filter((name) => name in product.dependencies && !ofProduct.includes(name)),
    ).toEqual([]);
  });

  it("installs of the sandbox's packages only its own", () => {
    expect(Object.keys(sandbox.dependencies).filter((name) => lock[`node_modules/${name}`]?.dev !== true)).toEqual(
      Object.keys(sandbox.dependencies).filter((name) => name in product.dependencies),
    );
    expect(lock["node_modules/workerd"]?.dev).toBe(true);
    expect(product.devDependencies["@gatehouse/sandbox"]).toBe("file:sandbox");
  });
});

describe("the sandbox's own package.json", () => {
  it("has every package that its sources import", () => {
    const names = imported(
      ["sandbox/**/*.ts"],
      (path) => path.startsWith("sandbox/") && !path.startsWith("sandbox/tests/"),
    );
    expect(names.filter((name) => !(name in sandbox.dependencies))).toEqual([]);
    expect(names).toContain("miniflare");
  });

  it("pins what the product's has too to the same version", () => {
    const all = { ...product.devDependencies, ...product.dependencies };
    expect(
      Object.entries({ ...sandbox.devDependencies, ...sandbox.dependencies }).filter(
        ([name, version]) => name in all && all[name] !== version,
      ),
    ).toEqual([]);
  });
});

it("the lock file names no registry, and both manifests pin exactly", () => {
  expect(
    Object.entries(lock).flatMap(([path, { link, resolved }]) => (resolved && !link ? [`${path} ${resolved}`] : [])),
  ).toEqual([]);
  expect(
    [product, sandbox]
      .flatMap(({ dependencies, devDependencies }) => Object.entries({ ...dependencies, ...devDependencies }))
      .filter(([name, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version) && name !== "@gatehouse/sandbox"),
  ).toEqual([]);
});

describe("without the sandbox's packages", () => {
  const copy = mkdtempSync(join(tmpdir(), "gatehouse-product-"));
  const run = (...args: string[]): { code: number | null; stdout: string; stderr: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(copy, "cli/bin.js"), ...args], {
      cwd: copy,
      encoding: "utf8",
      timeout: 60_000,
      env: { PATH: process.env.PATH, HOME: copy },
    });
    return { code: status, stdout, stderr };
  };

  beforeAll(() => {
    for (const name of [...PRODUCT, "sandbox", "package.json", "package-lock.json", "Pulumi.yaml", "Pulumi.dev.yaml"])
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    for (const [path, { dev }] of Object.entries(lock)) {
      if (dev || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)) continue;
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      symlinkSync(join(ROOT, path), join(copy, path));
    }
  });
  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  it.each(["rehearse", "drill", "serve", "preview", "up", "refresh", "destroy", "export"])(
    "`gatehouse sandbox %s` says in one sentence how to install them, and ends with 2",
    (command) => {
      const { code, stdout, stderr } = run("sandbox", command);
      expect(stderr).toMatch(
        /^The sandbox's packages are not installed \(\S+ is missing\): run `npm ci`, without --omit=dev, in Gatehouse's folder\. The sandbox is no part of the npm package; it is in a clone of the repository\.\n$/,
      );
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    },
  );

  it("every command is there and says how it is used", () => {
    const { code, stdout, stderr } = run("--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const group of ["token", "assess", "check", "recover", "report", "sandbox"])
      expect(stdout).toMatch(new RegExp(`^  ${group}\\b`, "m"));
    expect(run("sandbox", "--help")).toMatchObject({ code: 0, stderr: "" });
  });

  it("a command that reads the environment and derives from it runs", () => {
    const { code, stdout } = run("token", "mint-link", "--stack", "dev");
    expect(stdout).toContain("https://");
    expect(code).toBe(0);
  });

  it("`gatehouse assess` of a rehearsal says so too, as it needs the engine's state", () => {
    const { status, stderr } = spawnSync(process.execPath, [join(copy, "cli/bin.js"), "assess", "--stack", "dev"], {
      cwd: copy,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: copy, GATEHOUSE_STATE_DIR: copy },
    });
    expect(stderr).toContain("The sandbox's packages are not installed");
    expect(status).toBe(2);
  });
});
