import { describe, expect, test } from "vitest";
import { pathReadings } from "./path-readings.ts";
import { judge, lenient, lines } from "./test-heads.ts";

const asked = (target: string, head?: ReturnType<typeof lenient>): ReturnType<typeof judge> =>
  judge(lines(`GET ${target} HTTP/1.1`, "Host: a"), head === undefined ? {} : { head });

describe("the octets of a target", () => {
  test("are let through where browsers send them as they are", () => {
    for (const target of ["/[a]|b^c", "/a?[b]={c}|d^e`f\\g", "/a?100%&%zz", "/a'(b)*,;=:@!$&+~"])
      expect([target, asked(target).rule]).toEqual([target, "none"]);
  });

  test.each(['/"', "/<", "/>", "/{", "/}", "/`", '/?"', "/?<", "/?>", "/a%", "/a%4", "/a%zz", "/%g0/x"])(
    "are refused where nobody sends them: %s, unless they are let through",
    (target) => {
      expect(asked(target)).toMatchObject({ rule: "target" });
      expect(asked(target, lenient({ targetOctets: true })).outcome).toBe("complete");
      expect(asked(target, lenient({ ambiguousPaths: true })).rule).toBe("target");
    },
  );

  test.each(["/a#b", "/a?b#c", "/\x80", "/\x7f", "/a\tb", "/?\x01"])(
    "are refused whatever is let through: %j",
    (target) => {
      const all = lenient({ ambiguousPaths: true, targetOctets: true, hostDiffers: true });
      expect(asked(target).outcome).toBe("refused");
      expect(asked(target, all).outcome).toBe("refused");
    },
  );

  test.each(["/a\\b", "/a%00b", "/%00"])("end or separate something for others: %s", (target) => {
    expect(asked(target)).toMatchObject({ rule: "target-ambiguous" });
    expect(asked(target, lenient({ ambiguousPaths: true })).outcome).toBe("complete");
    expect(asked(target, lenient({ targetOctets: true })).rule).toBe("target-ambiguous");
  });

  test("tell where they begin to be wrong", () => {
    expect(asked("/abc<d").refusalAt).toBe("GET /abc".length);
    expect(asked("/abc%00d").refusalAt).toBe("GET /abc".length);
    expect(judge(lines("GET http://a/b\\c HTTP/1.1", "Host: a")).refusalAt).toBe("GET http://a/b".length);
  });

  test("have no other reading in a path that has nothing special", () => {
    for (const target of ["/", "/a/b.c/d", "/%C3%A9%20", "/a?x=%2f/../%00//\\;", "/a./b..", "/.a/.b.c"])
      expect([target, asked(target).head.hasReadings]).toEqual([target, false]);
  });

  test.each([
    ...["/%2f", "/%5C", "/%25", "/%2e", "/%3f", "/%23", "/%3B"],
    ...["/a//b", "//a", "/.", "/./a", "/.?a", "/a/../b", "/..", "/..?a", "/..;a", "/;", "/a;b=c", "/a;?b"],
  ])("may have another reading: %s", (target) =>
    expect(asked(target)).toMatchObject({ outcome: "complete", head: { hasReadings: true } }),
  );

  test("have readings wherever there are several", () => {
    const pieces = ["a", ".", "/", "%2e", ";x", "%2f", "%25", "%3f", "?"];
    for (let n = 0; n < pieces.length ** 4; n++) {
      const at = (place: number) => pieces[Math.floor(n / pieces.length ** place) % pieces.length];
      const target = `/${at(0)}${at(1)}${at(2)}${at(3)}`;
      const several = pathReadings(target.split("?")[0] as string)?.length !== 1;
      if (several) expect([target, asked(target).head.hasReadings]).toEqual([target, true]);
    }
  });
});
