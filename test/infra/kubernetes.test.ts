import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { loadConfig } from "../../packages/coordinator/src/config/load.ts";
import { textOf } from "./files.ts";

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
}

type Model = new (data: unknown) => { validate(): void };

const FILE = "infra/kubernetes/shunt.yaml";
const manifests: Manifest[] = parseAllDocuments(textOf(FILE)).map((document) => {
  if (document.errors.length > 0) throw document.errors[0];
  return document.toJS();
});

/** The class of a kind; the package has a folder for each group and version. */
async function modelOf({ apiVersion, kind }: Manifest): Promise<Model> {
  return (await import(`kubernetes-models/${apiVersion}/${kind}`))[kind];
}

test.each(manifests.map((each) => [`${each.kind} ${each.metadata.name}`, each] as const))(
  "%s is as the API of Kubernetes has it",
  async (_, manifest) => {
    const Kind = await modelOf(manifest);
    expect(() => new Kind(manifest).validate()).not.toThrow();
  },
);

test("a manifest with a field that is none is refused, so that the tests before can fail", async () => {
  const deployment = manifests.find(({ kind }) => kind === "Deployment") as Manifest;
  const Kind = await modelOf(deployment);
  const broken = structuredClone(deployment) as unknown as { spec: { replicas: unknown } };
  broken.spec.replicas = "two";
  expect(() => new Kind(broken).validate()).toThrow();
});

test("the configuration in the ConfigMap is one that Shunt takes", async () => {
  const text = manifests.find(({ kind }) => kind === "ConfigMap")?.data?.["shunt.config.yaml"] ?? "";
  const file = join(mkdtempSync(join(tmpdir(), "shunt-test-")), "shunt.config.yaml");
  writeFileSync(file, text);
  const env = { SHUNT_TOKEN: "a-token-of-a-good-length", SHUNT_REDIS_PASSWORD: "secret" };
  expect(await loadConfig(file, env)).toMatchObject({ ok: true });
});
