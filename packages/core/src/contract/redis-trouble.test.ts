import { expect, describe as group, test } from "vitest";
import { REDIS_TROUBLES, type RedisTrouble, redisTroubleOf } from "./redis-trouble.ts";

const coded = (code: string): Error => Object.assign(new Error(`connect ${code} 127.0.0.1:6379`), { code });
const ofCluster = (lastNodeError: Error | undefined): Error =>
  Object.assign(new Error("Failed to refresh slots cache."), { lastNodeError });

group("redisTroubleOf()", () => {
  test.each<[error: unknown, trouble: RedisTrouble]>([
    [coded("ECONNREFUSED"), "unreachable"],
    [coded("ENOTFOUND"), "unreachable"],
    [Object.assign(new AggregateError([coded("ECONNREFUSED")]), { code: "ECONNREFUSED" }), "unreachable"],
    [new Error("Connection is closed."), "unreachable"],
    [new Error("there is no connection: the connection was closed"), "unreachable"],
    [new Error("Stream isn't writeable and enableOfflineQueue options is false"), "unreachable"],
    [new Error("Reached the max retries per request limit (which is 0)."), "unreachable"],
    [new Error("All sentinels are unreachable. Retrying from scratch after 10ms."), "unreachable"],
    [
      Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
      "tls_failed",
    ],
    [Object.assign(new Error("altnames"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" }), "tls_failed"],
    [new Error("WRONGPASS invalid username-password pair or user is disabled."), "wrong_password"],
    [new Error("NOAUTH Authentication required."), "wrong_password"],
    [new Error("NOPERM this user has no permissions to access one of the keys"), "no_permission"],
    [
      new Error("READONLY You can't write against a read only replica. script: 1, on @user_script:1."),
      "read_only",
    ],
    [new Error("NOREPLICAS Not enough good replicas to write."), "not_replicated"],
    [new Error("OOM command not allowed when used memory > 'maxmemory'."), "full"],
    [new Error("MISCONF Redis is configured to save RDB snapshots"), "cannot_save"],
    [new Error("ERR max number of clients reached"), "too_many_clients"],
    [new Error("LOADING Redis is loading the dataset in memory"), "loading"],
    [new Error("CLUSTERDOWN The cluster is down"), "cluster_down"],
    [new Error("BUSY Redis is busy running a script."), "busy"],
    [new Error("WRONGTYPE Operation against a key holding the wrong kind of value"), "wrong_type"],
    [new Error("Command timed out"), "slow"],
    [ofCluster(coded("ECONNREFUSED")), "unreachable"],
    [ofCluster(new Error("WRONGPASS invalid")), "wrong_password"],
    [ofCluster(new Error("strange")), "cluster_down"],
    [ofCluster(undefined), "cluster_down"],
    [new Error("ERR unknown command"), "other"],
    [undefined, "other"],
    ["Connection is closed", "unreachable"],
  ])("names %s", (error, trouble) => {
    expect(redisTroubleOf(error)).toBe(trouble);
  });

  test("has a sentence for each name", () => {
    for (const sentence of Object.values(REDIS_TROUBLES)) expect(sentence).toMatch(/^(the |under )?\S+ .+/);
  });
});
