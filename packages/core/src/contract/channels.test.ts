import { expect, test } from "vitest";
import { busNames, isLater, leaseValue, readLease, readVersion, versionText } from "./channels.ts";

test("busNames() gives all keys of a prefix one hash tag, and no other prefix the same name", () => {
  const names = busNames("shop");
  const keys = [
    names.lease,
    names.term,
    ...Object.values(names.publication),
    names.versions,
    names.configLatest,
    names.configAt,
    names.configHistory,
    names.configFiles,
    names.audit,
    names.acceptors,
    names.acceptor("a"),
    names.reports,
    names.coordinators,
    names.commands,
    names.reply("a"),
    names.hints,
    names.to("a"),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) expect(key).toMatch(/^\{shop\}:[a-z]/);
  expect(busNames("shop:2").lease).not.toBe(names.lease);
});

test("readLease() reads what leaseValue() writes, and nothing else", () => {
  const fence = { term: 12, holder: "host 7/3f" };
  expect(readLease(leaseValue(fence))).toEqual(fence);
  for (const other of ["", "12", "12 ", "x y", "-1 a", " 1 a", "1234567890123456 a"]) {
    expect([other, readLease(other)]).toEqual([other, undefined]);
  }
});

test("readVersion() reads what versionText() writes, and nothing else", () => {
  expect(readVersion(versionText({ term: 3, number: 40 }))).toEqual({ term: 3, number: 40 });
  for (const other of ["", "3", "3.", ".4", "3.4.5", "3.-4", "1e3.4", "9007199254740993.1"]) {
    expect([other, readVersion(other)]).toEqual([other, undefined]);
  }
});

test("isLater() goes by the term first", () => {
  expect(isLater({ term: 2, number: 1 }, { term: 1, number: 9 })).toBe(true);
  expect(isLater({ term: 1, number: 9 }, { term: 2, number: 1 })).toBe(false);
  expect(isLater({ term: 1, number: 2 }, { term: 1, number: 1 })).toBe(true);
  expect(isLater({ term: 1, number: 1 }, { term: 1, number: 1 })).toBe(false);
});
