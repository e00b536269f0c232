-- Reassembly: packets to messages, by the rules of the key.

local streams = {}

local function dropped(stream, problem)
    stream.kind, stream.parts, stream.packets, stream.length = nil, {}, {}, 0
    return {problem = problem}
end

local function is_cancel(header, body)
    return header.kind == FORMAT.kinds.CONTROL and header.number == 0 and header.more == 0
        and body == string.char(FORMAT.cancel)
end

-- Takes a fragment. Returns what to remember of it: {problem}, or {message, packets}, or {} while more is to come;
-- that gets a `reassembled_in` when the last one has come.
local function taken(stream, header, body, frame)
    if is_cancel(header, body) then
        dropped(stream)
        return {message = body, packets = {frame}}
    end
    local due = #stream.parts % FORMAT.fragment_numbers
    if header.number ~= due or (stream.kind and stream.kind ~= header.kind) then
        return dropped(stream, string.format("fragment %d came where %d was due", header.number, due))
    end
    if stream.length + #body > FORMAT.max_message then
        return dropped(stream, "the message is longer than " .. FORMAT.max_message .. " bytes")
    end
    local found = {}
    stream.kind, stream.length = header.kind, stream.length + #body
    stream.parts[#stream.parts + 1] = body
    stream.packets[#stream.packets + 1] = {frame = frame, found = found}
    if header.more == 1 then
        return found
    end
    found.message, found.packets = table.concat(stream.parts), {}
    for _, packet in ipairs(stream.packets) do
        packet.found.reassembled_in = frame
        found.packets[#found.packets + 1] = packet.frame
    end
    dropped(stream)
    return found
end

-- What a packet is part of. `header` is nil for one that cannot be read, which ends what was being put together.
local function assembled(header, body, pinfo)
    local key = stream_of(pinfo)
    if not streams[key] then
        streams[key] = {}
        dropped(streams[key])
    end
    return header and taken(streams[key], header, body, pinfo.number) or dropped(streams[key])
end

function hideez.init()
    handles, reads, places, streams = {}, {}, {}, {}
end
