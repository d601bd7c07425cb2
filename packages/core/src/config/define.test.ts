import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defineConfig } from "./define.ts";

describe("shunt/config", () => {
  test("defineConfig() gives back the very object that it is given", () => {
    const options = { listeners: {}, pools: {}, classes: {}, defaultClass: "a" };
    expect(defineConfig(options)).toBe(options);
  });

  test("loads no other module than define.ts", () => {
    const runtimeImports = (file: string): string[] => {
      const text = readFileSync(new URL(file, import.meta.url), "utf8");
      return [...text.matchAll(/^(?:import|export)(?! type)[^;]* from "([^"]+)"/gm)].map(
        (match) => match[1] ?? "",
      );
    };
    expect(runtimeImports("./index.ts")).toEqual(["./define.ts"]);
    expect(runtimeImports("./define.ts")).toEqual([]);
  });
});
