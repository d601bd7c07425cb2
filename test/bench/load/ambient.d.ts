/** autocannon ships no types; this is what autocannon-program.ts uses of it. */
declare module "autocannon" {
  export default function autocannon(options: object): Promise<object>;
}
