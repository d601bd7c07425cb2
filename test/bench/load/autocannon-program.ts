/** Runs autocannon with the options of its only argument, a JSON text, and prints the result as JSON. */
import autocannon from "autocannon";

console.log(JSON.stringify(await autocannon(JSON.parse(process.argv[2] ?? "{}"))));
