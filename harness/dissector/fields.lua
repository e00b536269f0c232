-- Fields: what Wireshark is told of the format before it sees a packet.

local TO_KEY, FROM_KEY = 0, 1

local hideez = Proto("hideez", "Hideez Key")

local function protofield(key, field)
    local filter, label, about = "hideez." .. key, field.label, field.about
    local names = field.names and FORMAT.names[field.names] or nil
    if field.kind == "bytes" then
        return ProtoField.bytes(filter, label, base.NONE, about)
    elseif field.kind == "string" then
        return ProtoField.string(filter, label, base.UNICODE, about)
    elseif field.kind == "none" then
        return ProtoField.none(filter, label, about)
    elseif field.kind == "bit" then
        return ProtoField.bool(filter, label, field.width, nil, field.mask, about)
    end
    local shown = field.hexadecimal and base.HEX or base.DEC
    return ProtoField[field.kind](filter, label, shown, names, field.mask, about)
end

local FIELD = {}
for key, field in pairs(FORMAT.fields) do
    FIELD[key] = protofield(key, field)
end

-- What is not on the wire, but follows from it.
FIELD.direction = ProtoField.uint8("hideez.direction", "direction", base.DEC,
    {[TO_KEY] = "host to key", [FROM_KEY] = "key to host"})
FIELD.channel = ProtoField.uint8("hideez.channel", "channel", base.DEC, nil, nil, "Of any message that has one")
FIELD.error = ProtoField.uint16("hideez.error", "error", base.HEX, FORMAT.errors, nil,
    "Of any message that has one")
FIELD.ciphertext = ProtoField.bytes("hideez.envelope.ciphertext", "ciphertext")
FIELD.tag = ProtoField.bytes("hideez.envelope.tag", "tag")
FIELD.reassembled_in = ProtoField.framenum("hideez.reassembled_in", "the message is whole in packet")
FIELD.fragment = ProtoField.framenum("hideez.fragment", "fragment in packet")
FIELD.reassembled_length = ProtoField.uint32("hideez.reassembled_length", "length of the message")

local registered = {}
for _, field in pairs(FIELD) do
    registered[#registered + 1] = field
end
hideez.fields = registered

local EXPERT = {
    malformed = ProtoExpert.new("hideez.malformed", "Malformed",
        expert.group.MALFORMED, expert.severity.ERROR),
    refused = ProtoExpert.new("hideez.refused", "Refused", expert.group.RESPONSE_CODE, expert.severity.NOTE),
    fragments = ProtoExpert.new("hideez.fragments", "Fragments that do not make a message",
        expert.group.SEQUENCE, expert.severity.WARN),
}
hideez.experts = {EXPERT.malformed, EXPERT.refused, EXPERT.fragments}

hideez.prefs.main_handle = Pref.uint("Handle of the main characteristic", 0,
    "For captures that start after discovery; 0 for none")
hideez.prefs.info_handle = Pref.uint("Handle of the info characteristic", 0,
    "For captures that start after discovery; 0 for none")
hideez.prefs.clear = Pref.bool("Encrypted messages are in clear", false,
    "For captures in which the ciphertext has been replaced by what it says")
