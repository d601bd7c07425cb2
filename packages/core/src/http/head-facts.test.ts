import { describe, expect, test } from "vitest";
import { parseAddress } from "../classify/address.ts";
import type { Address } from "../classify/facts.ts";
import { FieldNames } from "./field-names.ts";
import { HeadFacts } from "./head-facts.ts";
import { RequestHead } from "./request-head.ts";
import { get, judge, lines, TEST_LIMITS } from "./test-heads.ts";

const names = new FieldNames(["x-tier", "accept"]);
const head = new RequestHead(names, TEST_LIMITS);
const facts = new HeadFacts(head, names);
const client = parseAddress("192.0.2.7") as Address;

/** The facts of a head; the one object for all, as in a thread. */
function factsOf(text: string, trusted = false): HeadFacts {
  expect(judge(text, { head, trusted }).outcome).toBe("complete");
  return facts.of(client, "ann");
}

const request = (target: string, ...fields: string[]): string =>
  lines(`GET ${target} HTTP/1.1`, "Host: a.example", ...fields);

describe("HeadFacts", () => {
  test("are those of the head that was judged last", () => {
    factsOf(request("/one?q=1", "X-Tier: gold", "Cookie: a=b"));
    expect([facts.path, facts.host, facts.query("q")]).toEqual(["/one", "a.example", ["1"]]);
    factsOf(lines("POST http://b.example/two HTTP/1.1", "Host: b.example"));
    expect(facts.method).toBe("POST");
    expect([facts.path, facts.host, facts.query("q")]).toEqual(["/two", "b.example", []]);
    expect([facts.header("x-tier"), facts.cookie("a")]).toEqual([[], []]);
    expect([facts.client, facts.user]).toEqual([client, "ann"]);
  });

  test.each([
    ["A.Example", "a.example"],
    ["a.example:8080", "a.example"],
    ["a.example:", "a.example"],
    ["192.0.2.1:80", "192.0.2.1"],
    ["[2001:DB8::1]", "[2001:db8::1]"],
    ["[2001:DB8::1]:443", "[2001:db8::1]"],
    ["A.Example.:80", "a.example"],
    ["v%69%50.example", "vip.example"],
    ["a%2fb", "a%2fb"],
  ])("name the host of %s without port, in lower case", (host, expected) => {
    expect(factsOf(lines("GET / HTTP/1.1", `Host: ${host}`)).host).toBe(expected);
  });

  test("name no host where there is none", () => {
    expect(factsOf(lines("GET / HTTP/1.0")).host).toBe("");
  });

  test.each([
    ["/a/%62?x=1&x=2&y", "/a/b", ["1", "2"]],
    ["/?x=1", "/", ["1"]],
    ["/a?x=a?b", "/a", ["a?b"]],
    ["http://a.example", "/", []],
    ["http://a.example?x=1", "/", ["1"]],
    ["http://a.example/c/../d", "/d", []],
  ])("read path and query of %s", (target, path, values) => {
    factsOf(request(target));
    expect([facts.path, facts.query("x")]).toEqual([path, values]);
  });

  test("name the path of an OPTIONS for the whole server as it is sent", () => {
    expect(factsOf(lines("OPTIONS * HTTP/1.1", "Host: a")).path).toBe("*");
    expect(factsOf(lines("OPTIONS http://a HTTP/1.1", "Host: a")).path).toBe("*");
    expect(factsOf(lines("OPTIONS http://a/ HTTP/1.1", "Host: a")).path).toBe("/");
  });

  test("give every value of a repeated field, and nothing for a name that was not announced", () => {
    factsOf(get("X-Tier: gold ", "Accept: a", "X-TIER:silver", "Other: x"));
    expect(facts.header("x-tier")).toEqual(["gold", "silver"]);
    expect(facts.header("other")).toEqual([]);
  });

  test("read cookies of all Cookie fields", () => {
    factsOf(get("Cookie: a=1; b=2", "Cookie: a=3"));
    expect(facts.cookie("a")).toEqual(["1", "3"]);
  });

  test("list the names that a request carries", () => {
    factsOf(
      request("/?q=1&r&q=2", "Cookie: a=1; b=2", "X-Hop: 1", "Connection: x-hop", "X_Forwarded_For: 1"),
    );
    expect(facts.names("header")).toEqual(["host", "cookie", "connection"]);
    expect(facts.names("cookie")).toEqual(["a", "b"]);
    expect(facts.names("query")).toEqual(["q", "r"]);
  });

  test("hold forwarding fields of trusted peers only", () => {
    const field = "X-Forwarded-Proto: https";
    expect(factsOf(get(field), true).header("x-forwarded-proto")).toEqual(["https"]);
    expect(factsOf(get(field), false).header("x-forwarded-proto")).toEqual([]);
  });
});
