-- Dissector: shows what the two characteristics said, after Wireshark's own dissectors.

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

local function add_packet(value, tvb, pinfo, tree)
    local packet_tree = tree:add(tvb(), "Packet")
    local values = read_whole("packet", {tvb = tvb, at = 0, stop = tvb:len()}, packet_tree)
    local header, body = values.header, values.body
    local known = header and body and body:len() > 0
        and (header.kind == FORMAT.kinds.CONTROL or header.kind == FORMAT.kinds.ENCRYPTED)
    value.found = value.found or assembled(known and header, known and body:raw(), pinfo)
    local found = value.found
    if not known then
        return "malformed packet"
    end
    packet_tree:append_text(string.format(", fragment %d%s", header.number, header.more == 1 and ", more to come" or ""))
    if found.problem then
        packet_tree:add_proto_expert_info(EXPERT.fragments, found.problem)
        return found.problem
    end
    if found.message then
        return add_message(found, header.kind, value.direction, body:tvb(), tree)
    end
    if found.reassembled_in then
        tree:add(FIELD.reassembled_in, found.reassembled_in):set_generated()
    end
    return string.format("fragment %d of %s message", header.number,
        header.kind == FORMAT.kinds.ENCRYPTED and "an encrypted" or "a control")
end

local function add_info(tvb, tree)
    read_whole("info_characteristic", {tvb = tvb, at = 0, stop = tvb:len()}, tree)
    return "info characteristic"
end

local function add_value(value, pdu, pinfo, tree)
    local item = tree:add(hideez, value.size > 0 and pdu(value.at, value.size) or pdu)
    item:add(FIELD.direction, value.direction):set_generated()
    if value.size == 0 then
        item:add_proto_expert_info(EXPERT.malformed, "an empty value")
        return "empty value"
    end
    local tvb = pdu(value.at, value.size):tvb()
    local text = value.role == "main" and add_packet(value, tvb, pinfo, item) or add_info(tvb, item)
    item:append_text(", " .. text)
    return text
end

function hideez.dissector(_, pinfo, tree)
    local texts = {}
    for number, info in ipairs({att()}) do
        local pdu = info.range
        for _, value in ipairs(values_of(number, pdu, pinfo)) do
            texts[#texts + 1] = add_value(value, pdu, pinfo, tree)
        end
    end
    if #texts > 0 then
        pinfo.cols.protocol = "Hideez"
        pinfo.cols.info = table.concat(texts, ", ")
    end
end

register_postdissector(hideez)
