import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAddress } from "../classify/address.ts";
import type { Address } from "../classify/facts.ts";
import { crc32c } from "./crc32c.ts";
import type { Endpoint, Endpoints, HeaderReading } from "./header.ts";
import { readProxyHeader } from "./read.ts";
import { writeProxyHeader } from "./write.ts";

/** More than fast-check's hundred: one of these runs in microseconds. */
const RUNS = { numRuns: 2_000 };

const address = fc
  .oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((text) => `::ffff:${text}`),
  )
  .map((text) => parseAddress(text) as Address);
const endpoint: fc.Arbitrary<Endpoint> = fc.record({ address, port: fc.nat(65_535) });
const endpoints: fc.Arbitrary<Endpoints> = fc.record({ source: endpoint, destination: endpoint });
const version = fc.constantFrom("v1", "v2");
const junk = fc.uint8Array({ maxLength: 64 }).map((octets) => Buffer.from(octets));

const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const vectors = fc
  .array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 12 })))
  .map((all) => Buffer.concat(all.map(([type, value]) => Buffer.of(type, 0, value.length, ...value))));

/** Octets like those of a header, right and wrong. */
const headerLike = fc.oneof(
  fc.tuple(endpoints, version).map(([ends, as]) => writeProxyHeader(as, ends)),
  fc
    .string({ unit: fc.constantFrom(..."TCP46UNKOW 0123456789.:af\r\n") })
    .map((s) => Buffer.from(`PROXY ${s}\r\n`)),
  fc
    .tuple(fc.nat(255), fc.nat(255), fc.nat(300), fc.uint8Array({ maxLength: 300 }))
    .map(([command, family, length, rest]) =>
      Buffer.concat([SIGNATURE, Buffer.of(command, family, length >> 8, length & 255), rest]),
    ),
  fc.tuple(endpoints, vectors).map(([ends, all]) => withVectors(writeProxyHeader("v2", ends), all)),
  junk,
);

function withVectors(header: Buffer, all: Buffer): Buffer {
  const octets = Buffer.concat([header, all]);
  octets.writeUInt16BE(octets.length - 16, 14);
  return octets;
}

/** A header some of whose octets are others. */
const spoilt = fc
  .tuple(headerLike, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 }))
  .map(([octets, changes]) => {
    const changed = Buffer.from(octets);
    for (const [at, octet] of changes) if (at < changed.length) changed[at] = octet;
    return changed;
  });

function plain({ source, destination }: Endpoints): string {
  const text = ({ address, port }: Endpoint): string => `${address.family} ${address.text} ${port}`;
  return `${text(source)} > ${text(destination)}`;
}

test("readProxyHeader() never throws, and never claims octets that it was not given", () => {
  fc.assert(
    fc.property(spoilt, (octets) => {
      const reading = readProxyHeader(octets);
      if (reading.outcome === "header") expect(reading.length).toBeLessThanOrEqual(octets.length);
      if (reading.outcome === "refused") expect(reading.at).toBeLessThanOrEqual(octets.length);
    }),
    RUNS,
  );
});

test("readProxyHeader() says of the first octets what it says of all, or that they are incomplete", () => {
  fc.assert(
    fc.property(spoilt, junk, (octets, behind) => {
      const all = Buffer.concat([octets, behind]);
      let decided: HeaderReading = { outcome: "incomplete" };
      for (let length = 0; length <= all.length; length++) {
        const reading = readProxyHeader(all.subarray(0, length));
        if (decided.outcome === "incomplete") decided = reading;
        else expect(reading).toEqual(decided);
        if (reading.outcome === "header") expect(length).toBeGreaterThanOrEqual(reading.length);
      }
    }),
    { numRuns: 500 },
  );
});

test("readProxyHeader() finds a header complete with its last octet, and not before", () => {
  fc.assert(
    fc.property(endpoints, version, (ends, as) => {
      const header = writeProxyHeader(as, ends);
      expect(readProxyHeader(header.subarray(0, -1)).outcome).toBe("incomplete");
      expect(readProxyHeader(header)).toMatchObject({ outcome: "header", length: header.length });
    }),
    RUNS,
  );
});

test("readProxyHeader() reads what writeProxyHeader() wrote: the same, but for version 1 with a family of each", () => {
  fc.assert(
    fc.property(endpoints, version, junk, (ends, as, behind) => {
      const reading = readProxyHeader(Buffer.concat([writeProxyHeader(as, ends), behind]));
      if (reading.outcome !== "header") return expect.fail(reading.outcome);
      const mixed = ends.source.address.family !== ends.destination.address.family;
      if (as === "v1" && mixed) expect(reading.origin).toEqual({ speaksFor: "somebody" });
      else expect(plain(reading.origin as unknown as Endpoints)).toBe(plain(ends));
    }),
    RUNS,
  );
});

test("readProxyHeader() reads the same past any vectors that are well-formed, a checksum among them", () => {
  const known = vectors.filter((all) => readProxyHeader(withVectors(empty(), all)).outcome === "header");
  fc.assert(
    fc.property(endpoints, known, (ends, all) => {
      const header = withVectors(
        writeProxyHeader("v2", ends),
        Buffer.concat([all, Buffer.from("03000400000000", "hex")]),
      );
      header.writeUInt32BE(crc32c(header), header.length - 4);
      const reading = readProxyHeader(header);
      if (reading.outcome !== "header") return expect.fail(reading.outcome);
      expect(plain(reading.origin as unknown as Endpoints)).toBe(plain(ends));
    }),
    { numRuns: 500 },
  );
});

/** One whose vectors are looked at. */
function empty(): Buffer {
  const nowhere = { address: parseAddress("0.0.0.0") as Address, port: 0 };
  return writeProxyHeader("v2", { source: nowhere, destination: nowhere });
}
