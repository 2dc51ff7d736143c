-- What pandoc lacks for papers: numbers of sections, tables and formulas as
-- LaTeX gave them, references before the appendix, and headers of several lines.

local numbers = {}
local headings = {} -- in their order: what LaTeX lists as contents

-- One line that LaTeX writes for a heading, with \numberline if it has a number,
-- and with the anchor "appendix.A" in the appendix if hyperref is there.
local function read_heading(line)
  local rest = line:match("@writefile{toc}{\\contentsline {%a+}(.*)")
  if rest then
    headings[#headings + 1] = { number = rest:match("^{\\numberline {([^}]*)}"), appendix = rest:match("{appendix%.[^}]*}") ~= nil }
  end
end

local function read_aux(meta)
  local file = io.open(pandoc.utils.stringify(meta.aux or ""))
  if file then
    local text = file:read("a")
    for label, number in text:gmatch("\\newlabel{([^}]*)}{{([^}]*)}") do
      numbers[label] = number
    end
    for line in text:gmatch("[^\n]+") do read_heading(line) end
    file:close()
  end
  meta.aux = nil
  return meta
end

-- \ref and \eqref are links with the label; pandoc knows no numbers of formulas.
local function link(l)
  local number = numbers[l.attributes["reference"] or ""]
  if number then
    local kind = l.attributes["reference-type"]
    l.content = { pandoc.Str(kind == "eqref" and "(" .. number .. ")" or number) }
    return l
  end
end

-- A formula with a label gets a target and its number.
local function math(m)
  local label = m.text:match("\\label{([^}]*)}")
  if label and numbers[label] then
    m.text = m.text:gsub("\\label{[^}]*}%s*", "")
    return pandoc.Span({ m, pandoc.Span({ pandoc.Str("(" .. numbers[label] .. ")") }, { class = "number" }) },
      { id = label, class = "formula" })
  end
end

-- Header lines are marked by a target without text.
local function is_header(row)
  local marked = false
  pandoc.walk_block(pandoc.Div(row.cells[1].contents), {
    Span = function(s) marked = marked or s.identifier == "table-header" end,
    Div = function(d) marked = marked or d.identifier == "table-header" end,
  })
  return marked
end

local unmark = {
  Span = function(s) if s.identifier == "table-header" then return {} end end,
  Div = function(d) if d.identifier == "table-header" then return {} end end,
}

local function unmarked(row)
  for _, cell in ipairs(row.cells) do
    cell.contents = pandoc.walk_block(pandoc.Div(cell.contents), unmark).content
  end
  return row
end

local function table_header(t)
  local head, body = t.head.rows, t.bodies[1].body
  while #body > 0 and is_header(body[1]) do
    head[#head + 1] = table.remove(body, 1)
  end
  for i = 1, #head do head[i] = unmarked(head[i]) end
  t.head.rows, t.bodies[1].body = head, body
  return t
end

-- A table's caption has its number, in a box that scrolls on small screens.
local function labelled(d)
  local inner = d.content[1]
  if numbers[d.identifier] and inner and inner.t == "Table" and #inner.caption.long > 0 then
    table.insert(inner.caption.long[1].content, 1, pandoc.Strong({ pandoc.Str("Table " .. numbers[d.identifier] .. ".") }))
    table.insert(inner.caption.long[1].content, 2, pandoc.Space())
  end
  return d
end

-- Headings get LaTeX's numbers, or none where it gives none. What pandoc adds,
-- such as the references, LaTeX does not list.
local function number_headings(doc)
  local appendix, references, n = nil, nil, 0
  for i, block in ipairs(doc.blocks) do
    if block.t == "Header" and not block.classes:includes("unnumbered") then
      n = n + 1
      local heading = headings[n]
      if heading and heading.number then
        block.attributes["number"] = heading.number
      else
        block.classes:insert("unnumbered")
      end
      appendix = appendix or (heading and heading.appendix and i)
    elseif block.identifier == "refs" then
      references = i
    end
  end
  if appendix and references and appendix < references then
    local list = doc.blocks:remove(references)
    local header = doc.blocks:remove(references - 1)
    doc.blocks:insert(appendix, header)
    doc.blocks:insert(appendix + 1, list)
  end
  return doc
end

return {
  { Meta = read_aux },
  { Pandoc = number_headings },
  { Link = link, Math = math, Table = table_header },
  { Div = labelled },
  { Table = function(t) return pandoc.Div({ t }, { class = "wide" }) end },
}
