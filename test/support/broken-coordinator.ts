/** A coordinator that can use neither its store nor anything else: it says so, and ends. */
process.once("message", () => {
  process.send?.({ kind: "failed", reason: "nothing can be read here" }, () => process.exit(70));
});
