-- Steady churn: packets arrive, wait in a queue of almost constant length, and leave.
-- What lives at one time hardly changes; what is allocated and freed is many times that.

local seed = 7
local function random(n)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed // 65536 % n
end

local kinds = { "syn", "data", "data", "data", "ack", "fin" }
local queue, first, last = {}, 1, 0
local seen, dropped, bytes = {}, 0, 0

local function receive(i)
  local kind = kinds[random(#kinds) + 1]
  local packet = {
    number = i,
    kind = kind,
    from = "10.0." .. random(4) .. "." .. random(250),
    payload = kind == "data" and string.rep(string.char(97 + i % 26), 16 + random(180)) or nil,
  }
  if random(5) == 0 then packet.options = { window = random(65536), urgent = false } end
  last = last + 1
  queue[last] = packet
end

local function deliver()
  local packet = queue[first]
  queue[first] = nil
  first = first + 1
  seen[packet.from] = (seen[packet.from] or 0) + 1
  if packet.payload then
    bytes = bytes + #packet.payload
    if packet.payload:sub(1, 8):reverse():byte() == 122 then dropped = dropped + 1 end
  end
end

for i = 1, 12000 do
  receive(i)
  if last - first >= 120 + random(16) then deliver() end
end
while first <= last do deliver() end

local hosts = 0
for _ in pairs(seen) do hosts = hosts + 1 end
print(bytes, hosts, dropped)
