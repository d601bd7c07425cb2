-- Prints what was counted as one line of JSON.

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'result {"perSecond":%.0f,"requests":%d,"p50":%d,"p99":%d,"p999":%d,"errors":%d}\n',
    summary.requests / summary.duration * 1e6, summary.requests,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
