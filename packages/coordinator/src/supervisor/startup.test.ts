import { expect, test } from "vitest";
import { Startup } from "./startup.ts";

test("Startup is done when all are ready, in any order and whoever died before", async () => {
  const startup = new Startup(["coordinator", "acceptor a1"]);
  startup.died("acceptor a1", "exit 1");
  startup.died("acceptor a1", "exit 1");
  startup.ready("acceptor a1");
  startup.died("acceptor a1", "exit 1");
  startup.ready("coordinator");
  await expect(startup.done).resolves.toBeUndefined();
});

test("Startup fails when one has died three times, with its own words before its fate", async () => {
  const startup = new Startup(["coordinator", "acceptor a1"]);
  startup.said("coordinator", "the disk is full");
  for (let i = 0; i < 3; i++) startup.died("coordinator", "exit 70");
  await expect(startup.done).rejects.toThrow(
    "Cannot start: the coordinator ended 3 times before it was ready. Last: the disk is full",
  );
});
