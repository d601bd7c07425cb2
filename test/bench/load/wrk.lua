-- Sends two requests in turn, with and without the gold cookie, and prints what was counted as one line of JSON.
-- Arguments after "--": method, path, bytes of content, how many requests are written at once (1, or an even
-- number), and "close" where every request has a connection of its own.

local requests = {}
local turn = 0

function init(args)
  local size = tonumber(args[3])
  local depth = tonumber(args[4])
  local content = size > 0 and string.rep("x", size) or nil
  local close = args[5] == "close" and "close" or nil
  requests[0] = wrk.format(args[1], args[2], { Connection = close }, content)
  requests[1] = wrk.format(args[1], args[2], { Connection = close, Cookie = "tier=gold" }, content)
  if depth > 1 then
    local all = string.rep(requests[0] .. requests[1], depth / 2)
    requests[0], requests[1] = all, all
  end
end

function request()
  turn = 1 - turn
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'result {"microseconds":%d,"requests":%d,"bytes":%.0f,"p50":%d,"p99":%d,'
      .. '"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\n',
    summary.duration, summary.requests, summary.bytes, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
