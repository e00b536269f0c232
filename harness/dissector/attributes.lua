-- Attributes: finds what was written to, and read or notified from, the two characteristics of a key.
--
-- It looks into ATT messages itself. Wireshark would hand the values to a dissector by UUID, but not those of Multiple
-- Handle Value Notifications, which BlueZ sends and Wireshark 4.0 does not know, nor any where it lost track of
-- discovery, as it does when both sides ask each other at the same time.
--
-- There is something to look into only where Wireshark makes a tree. It does so for each packet in the order of the
-- capture, mostly in its first pass, and afterwards again and again in any order: what was found the first time is kept.

local att = Field.new("btatt")
local interface = Field.new("frame.interface_id")
local adapter = Field.new("hci_mon.adapter_id")
local connection_handle = Field.new("bthci_acl.chandle")
local connected_in = Field.new("bthci_acl.connect_in")
local access_address = Field.new("btle.access_address")
local source = Field.new("bthci_acl.src.bd_addr")
local destination = Field.new("bthci_acl.dst.bd_addr")

local SENT, RECEIVED = 0, 1
local OTHER_SIDE = {[SENT] = RECEIVED, [RECEIVED] = SENT}

-- By Bluetooth's numbers of ATT messages.
local READ_BY_TYPE_RESPONSE, READ_REQUEST, READ_RESPONSE, MULTIPLE = 0x09, 0x0a, 0x0b, 0x23
local WRITES = {[0x12] = true, [0x52] = true}
local NOTIFICATIONS = {[0x1b] = true, [0x1d] = true}
local CHARACTERISTIC_SIZE = 2 + 1 + 2 + 16

local handles, reads, places = {}, {}, {}

-- As it is displayed: tshark 4.0 crashes over the value of an address.
local function text_of_last(field)
    local found = {field()}
    return #found > 0 and found[#found].display or "-"
end

-- The two ends of a link, whenever they are connected.
local function link_of(pinfo)
    local peer = text_of_last(pinfo.p2p_dir == SENT and destination or source)
    local known = peer ~= "-" and peer ~= "00:00:00:00:00:00"
    local name = known and peer or text_of_last(connection_handle) .. text_of_last(access_address)
    return text_of_last(interface) .. " " .. text_of_last(adapter) .. " " .. name
end

-- One direction of one connection.
local function stream_of(pinfo)
    return table.concat({text_of_last(interface), text_of_last(adapter), text_of_last(connection_handle),
        text_of_last(connected_in), text_of_last(access_address), pinfo.p2p_dir}, " ")
end

local function uuid_of(range)
    local hex = ""
    for at = range:len() - 1, 0, -1 do
        hex = hex .. string.format("%02x", range(at, 1):uint())
    end
    return (hex:gsub("^(" .. ("%x"):rep(8) .. ")(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)", "%1-%2-%3-%4-"))
end

-- Which characteristic a handle of the one side or the other is of: "main", "info" or nil.
local function role_of(handle, server)
    if handle == hideez.prefs.main_handle then
        return "main"
    elseif handle == hideez.prefs.info_handle then
        return "info"
    end
    return handles[server .. " " .. handle]
end

local function learn(pdu, server)
    if pdu:len() < 2 or pdu(1, 1):uint() ~= CHARACTERISTIC_SIZE then
        return
    end
    for at = 2, pdu:len() - CHARACTERISTIC_SIZE, CHARACTERISTIC_SIZE do
        local uuid = uuid_of(pdu(at + 5, 16))
        local role = (uuid == FORMAT.main and "main") or (uuid == FORMAT.info and "info") or nil
        handles[server .. " " .. pdu(at + 3, 2):le_uint()] = role
    end
end

local function value_at(pdu, at, size, role, direction)
    return role and {at = at, size = math.min(size, pdu:len() - at), role = role, direction = direction} or nil
end

local function notified_together(pdu, server)
    local values, at = {}, 1
    while at + 4 <= pdu:len() do
        local size = pdu(at + 2, 2):le_uint()
        values[#values + 1] = value_at(pdu, at + 4, size, role_of(pdu(at, 2):le_uint(), server), FROM_KEY)
        at = at + 4 + size
    end
    return values
end

-- The values of the key's characteristics in an ATT message: {at, size, role, direction} each.
local function values_in(pdu, pinfo)
    local opcode, side, link = pdu(0, 1):uint(), pinfo.p2p_dir, link_of(pinfo)
    local here = link .. " " .. side
    local there = link .. " " .. (OTHER_SIDE[side] or side)
    if opcode == READ_BY_TYPE_RESPONSE then
        learn(pdu, here)
    elseif opcode == READ_RESPONSE then
        return {value_at(pdu, 1, pdu:len() - 1, reads[there], FROM_KEY)}
    elseif opcode == MULTIPLE then
        return notified_together(pdu, here)
    elseif pdu:len() < 3 then
        return {}
    elseif opcode == READ_REQUEST then
        reads[here] = role_of(pdu(1, 2):le_uint(), there)
    elseif WRITES[opcode] then
        return {value_at(pdu, 3, pdu:len() - 3, role_of(pdu(1, 2):le_uint(), there), TO_KEY)}
    elseif NOTIFICATIONS[opcode] then
        return {value_at(pdu, 3, pdu:len() - 3, role_of(pdu(1, 2):le_uint(), here), FROM_KEY)}
    end
    return {}
end

-- The same, worked out once for each ATT message of the capture.
local function values_of(number, pdu, pinfo)
    local place = pinfo.number .. ":" .. number
    if not places[place] then
        places[place] = values_in(pdu, pinfo)
    end
    return places[place]
end
