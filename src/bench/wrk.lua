-- Lets wrk write webhooks that were signed before: a file of requests, each behind its length in eight digits.
-- wrk -t1 -c64 -d5s --latency -s wrk.lua http://HOST -- FILE
local file

function init(args)
  file = assert(io.open(args[1], "rb"))
end

function request()
  local length = file:read(8)
  if not length then
    -- All were sent; what follows is told as a duplicate.
    file:seek("set", 0)
    length = file:read(8)
  end
  return file:read(tonumber(length))
end
