import { expect, describe as group, test } from "vitest";
import {
  decodeAnnouncement,
  decodeQuestion,
  decodeRegistration,
  decodeReport,
  encodeAnnouncement,
  encodeQuestion,
  encodeRegistration,
  encodeReport,
  Inbox,
  type Registration,
} from "./bus-forms.ts";
import { MAX_LINE_BYTES } from "./lines.ts";
import type { Publication } from "./messages.ts";

const REGISTRATION: Registration = {
  acceptor: "h/1",
  life: "l",
  host: "h",
  pid: 7,
  version: "0.1.0",
  term: 2,
  generation: 9,
  highestTerm: 3,
};
const HEALTH: Publication = { kind: "health", servers: [{ server: "a/1", healthy: true, reason: "" }] };

/** As another version would write it. */
function changed(text: string, changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...JSON.parse(text), ...changes });
}

group("the forms of the bus", () => {
  test("are read as they were written", () => {
    expect(decodeRegistration(encodeRegistration(REGISTRATION))).toEqual(REGISTRATION);
    const announcement = { term: 1, number: 2, publication: HEALTH };
    expect(decodeAnnouncement(encodeAnnouncement(announcement))).toEqual(announcement);
    for (const question of [{ kind: "tell-all" }, { kind: "get-recent", request: 1, limit: 2 }] as const) {
      expect(decodeQuestion(encodeQuestion(question))).toEqual(question);
    }
    const report = { acceptor: "h/1", life: "l", number: 3 };
    const message = { kind: "recent", request: 1, exchanges: [] } as const;
    for (const said of [
      { ...report, message },
      { ...report, message: undefined },
    ]) {
      expect(decodeReport(encodeReport(said))).toEqual(said);
    }
  });

  test("of a later minor format are understood, and what it adds is left out", () => {
    const later = changed(encodeRegistration(REGISTRATION), { format: "1.7", mood: "good" });
    expect(decodeRegistration(later)).toEqual(REGISTRATION);
  });

  test.each([["2.0"], ["1"], ["0.9"], [1], [undefined], [["1.0", "1.0"]]])(
    "of format %j are refused",
    (format) => {
      const text = changed(encodeRegistration(REGISTRATION), { format });
      expect(() => decodeRegistration(text)).toThrow("expected a format of 1.x");
      const fields = encodeReport({ acceptor: "a", life: "l", number: 1, message: undefined });
      expect(() => decodeReport(["format", String(format), ...fields.slice(2)])).toThrow("a format of 1.x");
    },
  );

  test.each([
    ["no JSON", "garbage", "expected JSON"],
    ["a list", "[]", "expected an object"],
    ["null", "null", "expected an object"],
    ["too much", " ".repeat(MAX_LINE_BYTES + 1), "expected at most"],
    ["an unknown kind", '{"format":"1.0","term":1,"number":1,"publication":{"kind":"moon"}}', 'found "moon"'],
    ["no version", '{"format":"1.0","publication":{"kind":"health","servers":[]}}', "term: expected"],
    ["no publication", '{"format":"1.0","term":1,"number":1}', "publication: expected an object"],
  ])("refuse %s", (_, text, reason) => {
    expect(() => decodeAnnouncement(text)).toThrow(reason);
  });

  test("refuse a report without a number, a message, or an acceptor", () => {
    const fields = encodeReport({ acceptor: "a", life: "l", number: 1, message: undefined });
    for (const name of ["number", "message", "acceptor", "life"]) {
      const at = fields.indexOf(name);
      expect(() => decodeReport(fields.toSpliced(at, 2))).toThrow(`${name}: expected`);
    }
    expect(() => decodeReport(fields.with(fields.indexOf("number") + 1, "-1"))).toThrow("number: expected");
    expect(() => decodeReport([])).toThrow("format");
  });

  test("refuse a publication as a question", () => {
    const text = JSON.stringify({ format: "1.0", question: HEALTH });
    expect(() => decodeQuestion(text)).toThrow("expected a kind of tell-all, get-recent");
  });
});

group("Inbox", () => {
  const at = (term: number, number: number) => ({ term, number, publication: HEALTH });

  test("takes what is later, once", () => {
    const inbox = new Inbox();
    expect(inbox.take(at(1, 5))).toBe(HEALTH);
    expect([inbox.take(at(1, 5)), inbox.take(at(1, 4)), inbox.take(at(0, 9))]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(inbox.take(at(1, 6))).toBe(HEALTH);
    expect(inbox.take(at(2, 1))).toBe(HEALTH);
    expect(inbox.highestTerm).toBe(2);
  });

  test("lacks nothing that was noted, and is never set back by a note", () => {
    const inbox = new Inbox();
    inbox.note("snapshot", { term: 1, number: 5 });
    inbox.note("snapshot", { term: 1, number: 3 });
    expect(inbox.lacks("snapshot", { term: 1, number: 5 })).toBe(false);
    expect(inbox.lacks("snapshot", { term: 1, number: 6 })).toBe(true);
    expect(inbox.lacks("load", { term: 0, number: 1 })).toBe(true);
  });
});
