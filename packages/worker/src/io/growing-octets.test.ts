import { SeedSequence } from "@shunt/core";
import { expect, test } from "vitest";
import { GrowingOctets } from "./growing-octets.ts";

test("GrowingOctets agrees with concatenation, and changes nothing that was cut out before", () => {
  const seeds = new SeedSequence(3);
  const growing = new GrowingOctets();
  const cuts: { cut: Buffer; was: string }[] = [];
  let octets = Buffer.alloc(0);
  let expected = "";
  for (let i = 0; i < 3_000; i++) {
    const more = `${i},`.repeat(1 + (seeds.next() % 50));
    octets = growing.append(octets, Buffer.from(more)) as typeof octets;
    expected += more;
    expect(octets.toString()).toBe(expected);
    cuts.push({ cut: octets, was: expected });
    const consumed = [0, 0, 1, expected.length, seeds.next() % expected.length][seeds.next() % 5] as number;
    octets = octets.subarray(consumed);
    expected = expected.slice(consumed);
    if (cuts.length > 50) cuts.shift();
    for (const { cut, was } of cuts) if (cut.toString() !== was) expect.fail(`cut ${i} has changed`);
  }
});

test("GrowingOctets appends to octets that are not its own without touching them or what it kept", () => {
  const growing = new GrowingOctets();
  const first = growing.append(growing.append(Buffer.from("a"), Buffer.from("b")), Buffer.from("c"));
  const others = Buffer.from("1234").subarray(0, 2);
  expect(growing.append(others, Buffer.from("x")).toString()).toBe("12x");
  expect([first.toString(), others.toString()]).toEqual(["abc", "12"]);
});

test("GrowingOctets copies what it appends", () => {
  const growing = new GrowingOctets();
  const read = Buffer.from("read");
  const all = growing.append(growing.append(Buffer.alloc(0), read), read);
  read.fill("!");
  expect(all.toString()).toBe("readread");
});

test("GrowingOctets makes few buffers for octets that come one by one", () => {
  const growing = new GrowingOctets();
  const buffers = new Set<unknown>();
  let octets = Buffer.from("x");
  for (let i = 0; i < 100_000; i++) {
    octets = growing.append(octets, Buffer.from("y")) as typeof octets;
    buffers.add(octets.buffer);
  }
  expect(octets).toHaveLength(100_001);
  expect(buffers.size).toBeLessThan(12);
});
