import { RedisScript } from "@shunt/core";

/**
 * An acceptor says that it is there, and learns what holds: who leads, and the versions of all publications. What lies
 * there and is of another type says nothing.
 * Keys: registration, set of acceptors, versions, lease. Arguments: registration, milliseconds that it lasts, id.
 */
export const REGISTER = new RedisScript(`
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SADD', KEYS[2], ARGV[3])
local versions = redis.pcall('HGETALL', KEYS[3])
if versions.err then versions = {} end
local lease = redis.pcall('GET', KEYS[4])
if type(lease) ~= 'string' then lease = '' end
return {lease, versions}`);

/**
 * An acceptor leaves, unless another life of it has come already.
 * Keys: registration, set of acceptors, stream of reports. Arguments: life, id, fields of the last report.
 */
export const LEAVE = new RedisScript(`
redis.call('XADD', KEYS[3], '*', unpack(ARGV, 3))
local registration = redis.call('GET', KEYS[1])
if registration and not string.find(registration, ARGV[1], 1, true) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[2])
return 1`);
