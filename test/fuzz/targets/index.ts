import type { Target } from "../engine/target.ts";
import { Yard } from "../yard/yard.ts";

/** All targets, in the order in which they run. Called once code is instrumented: so nothing of it is loaded before. */
export async function openTargets(): Promise<Target[]> {
  const yard = await Yard.open();
  const [requests, responses, chunked, paths, content, proxy, config] = await Promise.all([
    import("./requests.ts"),
    import("./responses.ts"),
    import("./chunked.ts"),
    import("./paths.ts"),
    import("./content-fields.ts"),
    import("./proxy-header.ts"),
    import("./config.ts"),
  ]);
  return [
    new requests.RequestsTarget(yard),
    new responses.ResponsesTarget(yard),
    new chunked.ChunkedTarget(),
    new paths.PathsTarget(),
    new content.ContentFieldsTarget(),
    new proxy.ProxyHeaderTarget(),
    new config.ConfigTarget(),
  ];
}
