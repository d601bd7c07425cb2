import { pino } from "pino";
import { expect, test } from "vitest";
import { Duties, type Duty } from "./duty.ts";

const quiet = pino({ level: "silent" });

function noted(name: string, notes: string[]): Duty {
  return { start: (term) => notes.push(`${name} starts ${term}`), stop: () => notes.push(`${name} stops`) };
}

test("Duties start in order and stop in the opposite one", () => {
  const notes: string[] = [];
  const duties = new Duties([noted("a", notes), noted("b", notes)], quiet);
  duties.start(3);
  expect(duties.term).toBe(3);
  duties.stop();
  expect(duties.term).toBeUndefined();
  expect(notes).toEqual(["a starts 3", "b starts 3", "b stops", "a stops"]);
});

test("Duties stop those of the term before when another begins, and stop once", () => {
  const notes: string[] = [];
  const duties = new Duties([noted("a", notes)], quiet);
  duties.stop();
  duties.start(1);
  duties.start(2);
  duties.stop();
  duties.stop();
  expect(notes).toEqual(["a starts 1", "a stops", "a starts 2", "a stops"]);
});

test("Duties stop all others when one fails to", () => {
  const notes: string[] = [];
  const broken: Duty = {
    start: () => {},
    stop: () => {
      throw new Error("broken");
    },
  };
  const duties = new Duties([noted("a", notes), broken], quiet);
  duties.start(1);
  duties.stop();
  expect(notes).toEqual(["a starts 1", "a stops"]);
});
