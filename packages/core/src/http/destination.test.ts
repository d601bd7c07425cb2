import { describe, expect, test } from "vitest";
import { judge, lenient, lines } from "./test-heads.ts";

function authorityOf({ head }: ReturnType<typeof judge>): string {
  return head.bytes.latin1Slice(head.authorityAt, head.authorityAt + head.authorityLength);
}

function targetOf({ head }: ReturnType<typeof judge>): string {
  return head.bytes.latin1Slice(head.targetAt, head.targetAt + head.targetLength);
}

describe("a target", () => {
  test.each(["/", "/a/b?c=d", "//a/b", "/a?b?c", "/a:b@c", "/%2F%23", "/a^[b]|c?\\^`{|}[]%", "/http://b/"])(
    "in origin-form is sent as it is: %s",
    (target) => {
      const judged = judge(lines(`GET ${target} HTTP/1.1`, "Host: a"));
      expect(judged.outcome).toBe("complete");
      expect(targetOf(judged)).toBe(target);
      expect(judged.sent).toBe(lines(`GET ${target} HTTP/1.1`, "Host: a"));
    },
  );

  test.each([
    ["http://a/x", "a", "/x", "a"],
    ["HTTP://A/x", "a", "/x", "A"],
    ["http://a:8080/x?y", "A:8080", "/x?y", "a:8080"],
    ["http://[2001:DB8::1]:80/", "[2001:db8::1]:80", "/", "[2001:DB8::1]:80"],
    ["http://a//b", "a", "//b", "a"],
    ["http://a/b@c", "a", "/b@c", "a"],
    ["http://a:80/", "a", "/", "a:80"],
    ["http://a/", "a:80", "/", "a"],
    ["http://a/", "a:", "/", "a"],
    ["http://a:/", "a:80", "/", "a:"],
    ["http://[::1]/", "[::1]:80", "/", "[::1]"],
  ])("in absolute-form is sent in origin-form: %s", (target, host, path, authority) => {
    const judged = judge(lines(`GET ${target} HTTP/1.1`, `Host: ${host}`));
    expect(judged.outcome).toBe("complete");
    expect(targetOf(judged)).toBe(path);
    expect(authorityOf(judged)).toBe(authority);
    expect(judged.flags).not.toContain("EMPTY_PATH");
    expect(judged.sent).toBe(lines(`GET ${path} HTTP/1.1`, `Host: ${host}`));
  });

  test.each([
    ["GET", "http://a", ""],
    ["GET", "http://a?x=1", "?x=1"],
    ["GET", "http://a:80", ""],
    ["OPTIONS", "http://a", ""],
  ])("with an empty path is told as such: %s %s", (method, target, rest) => {
    const host = target.slice("http://".length).split("?")[0];
    const judged = judge(lines(`${method} ${target} HTTP/1.1`, `Host: ${host}`));
    expect(judged.flags).toContain("EMPTY_PATH");
    expect(targetOf(judged)).toBe(rest);
    expect(judged.sent).toBe(lines(`${method} ${rest} HTTP/1.1`, `Host: ${host}`));
  });

  test("is an asterisk for OPTIONS, and for nothing else", () => {
    expect(judge(lines("OPTIONS * HTTP/1.1", "Host: a")).outcome).toBe("complete");
    expect(judge(lines("OPTIONS * HTTP/1.1", "Host: a")).flags).not.toContain("EMPTY_PATH");
    expect(judge(lines("GET * HTTP/1.1", "Host: a")).rule).toBe("target");
    expect(judge(lines("OPTIONS ** HTTP/1.1", "Host: a")).rule).toBe("target");
  });

  test.each([
    "https://a/",
    "ftp://a/",
    "http:/a/",
    "http:a",
    "a",
    "a:80",
    "?x",
    "/a#b",
    "/#",
    "http://a#b",
    "http://a/#b",
    "http://u@a/",
    "http://u:p@a/",
    "http://@a/",
    "/\xe4",
    "/\x7f",
    "/\x01",
  ])("is refused: %j", (target) => {
    expect(judge(lines(`GET ${target} HTTP/1.1`, "Host: a"))).toMatchObject({
      outcome: "refused",
      rule: "target",
    });
  });

  test.each(["a:80", "/", "http://a/", "a"])("of CONNECT is refused: %s", (target) => {
    expect(judge(lines(`CONNECT ${target} HTTP/1.1`, "Host: a")).rule).toBe("connect");
  });
});

describe("Host", () => {
  test.each([
    ["http://a:80/", "a:8"],
    ["http://a:8080/", "a:80"],
    ["http://a/", "a::80"],
    ["http://a/", "b"],
    ["http://a/", "a."],
    ["http://a/", ""],
    ["http://ab/", "a"],
    ["http://a", "A:1"],
    ["http:///", "a"],
  ])("that differs from the target is refused: %s, Host: %s", (target, host) => {
    expect(judge(lines(`GET ${target} HTTP/1.1`, `Host: ${host}`)).rule).toBe("host-differs");
  });

  test.each([
    ["http:///", ""],
    ["http://:80/", ":80"],
    ["http://a,b/", "a,b"],
    ["http://a:65536/", "a:65536"],
  ])("that agrees with a target of no authority is refused: %s", (target, host) => {
    expect(judge(lines(`GET ${target} HTTP/1.1`, `Host: ${host}`)).outcome).toBe("refused");
  });

  test("is missing or repeated whatever the target says", () => {
    for (const target of ["/", "http://a/"]) {
      expect(judge(lines(`GET ${target} HTTP/1.1`, "A: b")).rule).toBe("host-missing");
      expect(judge(lines(`GET ${target} HTTP/1.1`, "Host: a", "A: b", "host: a")).rule).toBe("host-repeated");
      expect(judge(lines(`GET ${target} HTTP/1.0`, "Host: a", "Host: a")).rule).toBe("host-repeated");
    }
  });

  test("may be missing in HTTP/1.0, where the target may name it", () => {
    const without = judge(lines("GET / HTTP/1.0"));
    expect(without.outcome).toBe("complete");
    expect([authorityOf(without), without.flags.includes("HAS_HOST")]).toEqual(["", false]);
    const named = judge(lines("GET http://a/ HTTP/1.0"));
    expect([authorityOf(named), named.flags.includes("HAS_HOST")]).toEqual(["a", false]);
    expect(judge(lines("GET http://a,b/ HTTP/1.0")).rule).toBe("host-value");
  });

  test("is the authority of a target in origin-form", () => {
    const judged = judge(lines("GET / HTTP/1.1", "A: b", "Host: \t a:1 "));
    expect(authorityOf(judged)).toBe("a:1");
    expect(judged.flags).toContain("HAS_HOST");
  });

  test("cannot be taken out by a connection option, nor the lengths", () => {
    const fields = ["Host: a", "Content-Length: 1"];
    const judged = judge(lines("POST / HTTP/1.1", ...fields, "Connection: host, content-length, connection"));
    expect(judged.sent).toBe(lines("POST / HTTP/1.1", ...fields));
    expect(judged.flags).toContain("CONTENT");
    const chunked = lines("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked");
    expect(judge(chunked.replace("Host", "Connection: transfer-encoding\r\nHost")).sent).toBe(chunked);
  });
});

describe("Host that differs from the target", () => {
  const differing = lines("GET http://b.example:8080/x HTTP/1.1", "Host: a.example", "A: b");

  test("is taken out where that is let through: the target names the authority", () => {
    const judged = judge(differing, { head: lenient({ hostDiffers: true }) });
    expect(judged.outcome).toBe("complete");
    expect(authorityOf(judged)).toBe("b.example:8080");
    expect(judged.flags).not.toContain("HAS_HOST");
    expect(judged.sent).toBe(lines("GET /x HTTP/1.1", "A: b"));
  });

  test("changes nothing else that is let through", () => {
    const head = lenient({ hostDiffers: true });
    expect(judge(differing.replace("b.example", "b,example"), { head }).rule).toBe("host-value");
    expect(judge(lines("GET http://b/ HTTP/1.1", "Host: a", "Host: b"), { head }).rule).toBe("host-repeated");
    expect(judge(lines("GET http://b/ HTTP/1.1"), { head }).rule).toBe("host-missing");
    expect(judge(lines("GET http://a/ HTTP/1.1", "Host: A"), { head }).flags).toContain("HAS_HOST");
  });
});
