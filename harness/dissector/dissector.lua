-- Dissector: attribute values of the main characteristic are packets; those of the info characteristic, what it says.

local att_opcode = Field.new("btatt.opcode")

-- By Bluetooth's numbers of the ATT messages that carry a whole value: writes; notification, indication.
local DIRECTIONS = {[0x12] = TO_KEY, [0x52] = TO_KEY, [0x1b] = FROM_KEY, [0x1d] = FROM_KEY}

local function add_control(tvb, direction, tree)
    local sets = {[TO_KEY] = FORMAT.sets.to_key, [FROM_KEY] = FORMAT.sets.from_key}
    local other = sets[1 - direction].messages
    local name, values = read_message(sets[direction], tvb, tree)
    local number = tvb:len() > 0 and tvb(0, 1):uint()
    if number and sets[direction].messages[number] and other[number] then
        name = name .. (direction == TO_KEY and " request" or " answer")
    end
    if values.error and values.error ~= 0 then
        local error_name = FORMAT.errors[values.error]
        name = name .. ": " .. (error_name or string.format("unknown error 0x%04x", values.error))
    end
    return name
end

local function add_clear(range, direction, tree)
    local tvb = range:tvb()
    if direction == TO_KEY then
        return "request " .. read_message(FORMAT.sets.request, tvb, tree:add(range, "Request"))
    end
    local values = read_whole("reply", {tvb = tvb, at = 0, stop = tvb:len()}, tree:add(range, "Reply"))
    return "reply " .. (FORMAT.names[FORMAT.fields["reply.command"].names][values.command] or "unknown")
end

local function add_envelope(tvb, direction, tree)
    local values = read_whole("envelope", {tvb = tvb, at = 0, stop = tvb:len()}, tree)
    local sealed = values.sealed
    if not sealed or sealed:len() < FORMAT.tag_size then
        return "encrypted, malformed"
    end
    local size = sealed:len() - FORMAT.tag_size
    tree:add(FIELD.tag, sealed(size, FORMAT.tag_size))
    local text = string.format("encrypted, channel %d #%d", values.channel, values.counter)
    if size == 0 then
        return text
    end
    tree:add(FIELD.ciphertext, sealed(0, size))
    if hideez.prefs.clear then
        return text .. ": " .. add_clear(sealed(0, size), direction, tree)
    end
    return text
end

local function add_message(found, kind, direction, tvb, tree)
    local encrypted = kind == FORMAT.kinds.ENCRYPTED
    if #found.packets > 1 then
        for _, frame in ipairs(found.packets) do
            tree:add(FIELD.fragment, frame):set_generated()
        end
        tree:add(FIELD.reassembled_length, #found.message):set_generated()
        tvb = ByteArray.new(found.message, true):tvb("Hideez message")
    end
    local message_tree = tree:add(tvb(), encrypted and "Encrypted message" or "Control message")
    local text = (encrypted and add_envelope or add_control)(tvb, direction, message_tree)
    message_tree:append_text(": " .. text)
    return text
end

local function add_packet(tvb, pinfo, tree)
    local packet_tree = tree:add(tvb(), "Packet")
    local values = read_whole("packet", {tvb = tvb, at = 0, stop = tvb:len()}, packet_tree)
    local header, body = values.header, values.body
    local known = header and body and body:len() > 0
        and (header.kind == FORMAT.kinds.CONTROL or header.kind == FORMAT.kinds.ENCRYPTED)
    local found = found_of(known and header, known and body:raw(), tvb, pinfo)
    if not known then
        return "malformed packet"
    end
    packet_tree:append_text(string.format(", fragment %d%s", header.number, header.more == 1 and ", more to come" or ""))
    if found.problem then
        packet_tree:add_proto_expert_info(EXPERT.fragments, found.problem)
        return found.problem
    end
    if found.message then
        local direction = DIRECTIONS[last(att_opcode)] or found.stream.direction or TO_KEY
        tree:add(FIELD.direction, direction):set_generated()
        return add_message(found, header.kind, direction, body:tvb(), tree)
    end
    if found.reassembled_in then
        tree:add(FIELD.reassembled_in, found.reassembled_in):set_generated()
    end
    return string.format("fragment %d of %s message", header.number,
        header.kind == FORMAT.kinds.ENCRYPTED and "an encrypted" or "a control")
end

function hideez.dissector(tvb, pinfo, tree)
    local opcode = last(att_opcode)
    if tvb:len() == 0 or (opcode and not DIRECTIONS[opcode]) then
        return 0
    end
    local item = tree:add(hideez, tvb())
    local text = add_packet(tvb, pinfo, item)
    item:append_text(", " .. text)
    pinfo.cols.protocol = "Hideez"
    pinfo.cols.info = text
    return tvb:len()
end

function hideez_info.dissector(tvb, pinfo, tree)
    if tvb:len() == 0 then
        return 0
    end
    forget_stream(pinfo) -- It is read first on each connection, so that no message of an earlier one goes on.
    read_whole("info_characteristic", {tvb = tvb, at = 0, stop = tvb:len()}, tree:add(hideez_info, tvb()))
    pinfo.cols.protocol = "Hideez"
    pinfo.cols.info = "info characteristic"
    return tvb:len()
end

local by_uuid = DissectorTable.get("bluetooth.uuid")
by_uuid:add(FORMAT.main, hideez)
by_uuid:add(FORMAT.info, hideez_info)

local by_handle = DissectorTable.get("btatt.handle")
local handles = {}

local function put_at(proto, handle)
    if handles[proto.name] then
        by_handle:remove(handles[proto.name], proto)
    end
    handles[proto.name] = handle > 0 and handle or nil
    if handle > 0 then
        by_handle:add(handle, proto)
    end
end

function hideez.prefs_changed()
    put_at(hideez, hideez.prefs.main_handle)
    put_at(hideez_info, hideez.prefs.info_handle)
end
