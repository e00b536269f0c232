-- Reassembly: packets to messages, once for each packet, in the order of the capture. Wireshark shows packets again
-- and again in any order, so that what a packet was part of is kept by its place.
--
-- Wireshark's first pass may come without a tree, and then without fields: who sent a packet, and by which opcode, must
-- not be needed for putting it together.

local CONNECTION = {
    Field.new("frame.interface_id"),
    Field.new("hci_mon.adapter_id"),
    Field.new("bthci_acl.chandle"),
    Field.new("bthci_acl.connect_in"),
    Field.new("btle.access_address"),
}

local streams, packets = {}, {}

function hideez.init()
    streams, packets = {}, {}
end

local function last(field)
    local found = {field()}
    return #found > 0 and found[#found].value or nil
end

-- One direction of one connection. Without fields, that of two addresses.
local function stream_key(pinfo)
    local parts = {tostring(pinfo.src), tostring(pinfo.dst), tostring(pinfo.p2p_dir)}
    for _, field in ipairs(CONNECTION) do
        parts[#parts + 1] = tostring(last(field))
    end
    return table.concat(parts, " ")
end

local function forget_stream(pinfo)
    if not pinfo.visited then
        streams[stream_key(pinfo)] = nil
    end
end

local function dropped(stream, problem)
    stream.kind, stream.parts, stream.packets, stream.length = nil, {}, {}, 0
    return {problem = problem}
end

local function is_cancel(header, body)
    return header.kind == FORMAT.kinds.CONTROL and header.number == 0 and header.more == 0
        and body == string.char(FORMAT.cancel)
end

-- Takes a fragment. Returns what to remember of it: {problem} or {message, packets} or {} while more is to come.
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

local function stream_of(key)
    if not streams[key] then
        streams[key] = {}
        dropped(streams[key])
    end
    return streams[key]
end

-- Most control messages are sent by one side only, and tell whose packets these are.
local function learn_direction(stream, kind, message)
    local number = string.byte(message)
    local to_key, from_key = FORMAT.sets.to_key.messages[number], FORMAT.sets.from_key.messages[number]
    if kind == FORMAT.kinds.CONTROL and (to_key == nil) ~= (from_key == nil) then
        stream.direction = to_key and TO_KEY or FROM_KEY
    end
end

-- What a packet is part of. `header` is nil for one that cannot be read, which ends what was being put together.
local function found_of(header, body, tvb, pinfo)
    local place = pinfo.number .. ":" .. tvb:offset()
    if not pinfo.visited then
        local stream = stream_of(stream_key(pinfo))
        local found = header and taken(stream, header, body, pinfo.number) or dropped(stream)
        if found.message then
            learn_direction(stream, header.kind, found.message)
        end
        found.stream = stream
        packets[place] = found
    end
    return packets[place]
end
