-- Reading: walks the steps of a layout through the bytes, and adds what it finds to Wireshark's tree.
-- A reader is a part of a buffer: {tvb, at, stop}. Each function of READ returns whether to go on, and a value.

local READ = {}

local function names_of(key)
    return FORMAT.names[FORMAT.fields[key].names]
end

local function malformed(item, key, reason)
    item:add_proto_expert_info(EXPERT.malformed, key .. ": " .. reason)
    return false
end

local function left(reader)
    return reader.stop - reader.at
end

local function take(reader, size)
    local range = reader.tvb(reader.at, size)
    reader.at = reader.at + size
    return range
end

local function read(step, reader, tree, values)
    return READ[step.op](step, reader, tree, values)
end

local function read_steps(steps, reader, tree)
    local values = {}
    for _, step in ipairs(steps) do
        local go_on, value = read(step, reader, tree, values)
        if step.name then
            values[step.name] = value
        end
        if not go_on then
            return false, values
        end
    end
    return true, values
end

local function bits_set(item, step, range, number)
    local set, unknown = {}, number
    for _, bit in ipairs(step.bits) do
        item:add_le(FIELD[bit.field], range)
        if math.floor(number / bit.mask) % 2 == 1 then
            set[#set + 1] = FORMAT.fields[bit.field].label
            unknown = unknown - bit.mask
        end
    end
    item:append_text(" (" .. (#set > 0 and table.concat(set, ", ") or "none") .. ")")
    if unknown > 0 then
        malformed(item, step.field, string.format("no name for bits 0x%x", unknown))
    end
end

local function add_for_any_message(step, tree, range, number)
    if step.is_error then
        tree:add_le(FIELD.error, range):set_hidden()
        if number ~= 0 then
            local name = names_of(step.field)[number] or string.format("0x%04x", number)
            tree:add_proto_expert_info(EXPERT.refused, name)
        end
    elseif step.name == "channel" then
        tree:add_le(FIELD.channel, range):set_hidden()
    end
end

local function check_limits(step, item, number)
    if step.low and (number < step.low or number > step.high) then
        malformed(item, step.field, string.format("%d is not within %d and %d", number, step.low, step.high))
    end
end

function READ.number(step, reader, tree)
    if left(reader) < step.size then
        return malformed(tree, step.field, "too few bytes")
    end
    local range = take(reader, step.size)
    local number = step.signed and range:le_int() or range:le_uint()
    local item = tree:add_le(FIELD[step.field], range)
    check_limits(step, item, number)
    if step.closed and not names_of(step.field)[number] then
        malformed(item, step.field, "not a value of this field")
    end
    if step.bits then
        bits_set(item, step, range, number)
    end
    add_for_any_message(step, tree, range, number)
    return true, number
end

function READ.bits(step, reader, tree, values)
    if left(reader) < 1 then
        return malformed(tree, step.parts[1].field, "too few bytes")
    end
    local range = take(reader, 1)
    for _, part in ipairs(step.parts) do
        local number = math.floor(range:uint() / 2 ^ part.shift) % 2 ^ part.width
        local item = tree:add(FIELD[part.field], range)
        if part.closed and not names_of(part.field)[number] then
            malformed(item, part.field, "not a value of this field")
        end
        values[part.name] = number
    end
    return true
end

local function text_of(step, range)
    if step.dotted then
        local numbers = {}
        for at = 0, range:len() - 1 do
            numbers[#numbers + 1] = range(at, 1):uint()
        end
        return table.concat(numbers, ".")
    end
    local text = range:len() > 0 and range:string(ENC_UTF_8) or ""
    return step.stripped and text:gsub("\0+$", "") or text
end

local function add_bytes(step, tree, range)
    local kind = FORMAT.fields[step.field].kind
    if kind == "string" then
        return tree:add(FIELD[step.field], range, text_of(step, range))
    end
    local item = tree:add(FIELD[step.field], range)
    if kind == "none" then
        item:append_text(": *** (" .. range:len() .. " bytes)")
    end
    return item
end

function READ.bytes(step, reader, tree)
    local size = step.size or left(reader)
    if left(reader) < size then
        return malformed(tree, step.field, "too few bytes")
    end
    local range = take(reader, size)
    local item = add_bytes(step, tree, range)
    check_limits(step, item, size)
    if step.expected and range:bytes():tohex(true) ~= step.expected then
        malformed(item, step.field, "not the expected constant")
    end
    return true, range
end

local function read_within(size, step, reader, tree)
    if left(reader) < size then
        return malformed(tree, step.inner.field, "too few bytes")
    end
    local part = {tvb = reader.tvb, at = reader.at, stop = reader.at + size}
    reader.at = part.stop
    return read(step.inner, part, tree)
end

function READ.prefixed(step, reader, tree)
    local go_on, size = read(step.length, reader, tree)
    if not go_on then
        return false
    end
    return read_within(size, step, reader, tree)
end

function READ.sized(step, reader, tree)
    return read_within(step.size, step, reader, tree)
end

function READ.counted(step, reader, tree)
    local go_on, count = read(step.count, reader, tree)
    local values = {}
    while go_on and #values < count do
        go_on, values[#values + 1] = read(step.inner, reader, tree)
    end
    return go_on, values
end

function READ.record(step, reader, tree)
    local start = reader.at
    local item = tree:add(FIELD[step.field], reader.tvb(start, left(reader)))
    local go_on, values = read_steps(FORMAT.layouts[step.layout], reader, item)
    item:set_len(reader.at - start)
    return go_on, values
end

function READ.only_if(step, reader, tree, values)
    if values[step.on] ~= step.equals then
        return true
    end
    return read(step.inner, reader, tree, values)
end

function READ.switch(step, reader, tree, values)
    local inner = step.cases[values[step.on]]
    if not inner then
        return true
    end
    return read(inner, reader, tree, values)
end

-- A layout that takes up a whole buffer. Returns its values, as far as they go.
local function read_whole(layout, reader, tree)
    local go_on, values = read_steps(FORMAT.layouts[layout], reader, tree)
    if go_on and left(reader) > 0 then
        malformed(tree, layout, "bytes left over: " .. left(reader))
    end
    return values
end

-- A message behind its number. Returns its name and its values.
local function read_message(set, tvb, tree)
    local reader = {tvb = tvb, at = 0, stop = tvb:len()}
    local go_on, number = READ.number({field = set.command, size = 1}, reader, tree)
    if not go_on then
        return "empty message", {}
    end
    local message = set.messages[number]
    if not message then
        local name = string.format("unknown command 0x%02x", number)
        malformed(tree, set.command, name)
        return name, {}
    end
    return message.name, read_whole(message.layout, reader, tree)
end
