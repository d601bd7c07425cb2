import { RedisScript } from "@shunt/core";
import { FencedScript } from "../redis/fenced.ts";

/**
 * Writes a publication and its version, and announces it. What lies there and is of another type makes room.
 * Keys: publication, versions. Arguments: kind, version, announcement, channel of hints, milliseconds that it lasts or 0.
 */
export const PUBLISH = new FencedScript(`
  if ARGV[6] == '0' then redis.call('SET', KEYS[2], ARGV[4])
  else redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[6]) end
  if redis.call('TYPE', KEYS[3]).ok ~= 'hash' then redis.call('DEL', KEYS[3]) end
  redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
  redis.call('PUBLISH', ARGV[5], ARGV[4])
  return 1`);

/**
 * Looks after what everybody shares: forgets names whose registration has expired, and reports that all have had time to
 * read. Returns who is registered, the last entry of the reports, the versions, and how long each publication is, in
 * octets.
 * It always writes, if only nothing: a replica that takes no writes is found out, also where nobody is registered.
 * Keys: set of acceptors, reports, versions, publications. Arguments: what names of registrations begin with; before which
 * entry reports are let go.
 */
export const SWEEP = new RedisScript(`
local living = {}
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if redis.call('EXISTS', ARGV[1] .. id) == 1 then living[#living + 1] = id
  else redis.call('SREM', KEYS[1], id) end
end
redis.call('XTRIM', KEYS[2], 'MINID', '~', ARGV[2])
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local versions = redis.pcall('HGETALL', KEYS[3])
if versions.err then versions = {} end
local lengths = {}
for at = 4, #KEYS do
  local length = redis.pcall('STRLEN', KEYS[at])
  lengths[#lengths + 1] = type(length) == 'number' and length or -1
end
return {living, last[1] and last[1][1] or '', versions, lengths}`);
