// The answers of Hugging Face's tokenizers, for the parity tests. Needs the npm
// package tokenizers (in a folder that NODE_PATH names, or installed globally).
//
//   check                        fails where the package is not installed
//   encode TOKENIZER_JSON        prints the ids of every text
//   time TOKENIZER_JSON          prints the seconds for all texts on one thread
//   bert VOCAB cased|uncased     prints a tokenizer.json for a vocab.txt
//   train TEXTS cased|uncased    prints a vocabulary of WordPieceTrainer, one piece a line
//   classes                      prints, for every character, what BERT does with it
//
// A text is a line of base64.
const fs = require('fs')
const os = require('os')
const path = require('path')
const t = require('tokenizers')

const [mode, file, variant] = process.argv.slice(2)

function texts() {
  const lines = fs.readFileSync(0, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => Buffer.from(line, 'base64').toString('utf8'))
}

function bert(model) {
  const lowercase = variant === 'uncased'
  const tokenizer = new t.Tokenizer(model)
  tokenizer.setNormalizer(t.bertNormalizer({ cleanText: true, handleChineseChars: true, lowercase }))
  tokenizer.setPreTokenizer(t.bertPreTokenizer())
  return tokenizer
}

function saved(tokenizer) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tokenizers-'))
  const json = path.join(dir, 'tokenizer.json')
  tokenizer.save(json)
  const text = fs.readFileSync(json, 'utf8')
  fs.rmSync(dir, { recursive: true })
  return text
}

async function main() {
  switch (mode) {
    case 'encode':
      for (const encoding of await t.Tokenizer.fromFile(file).encodeBatch(texts())) console.log(encoding.getIds().join(' '))
      break
    case 'time': {
      process.env.TOKENIZERS_PARALLELISM = 'false'
      const tokenizer = t.Tokenizer.fromFile(file)
      const all = texts()
      const start = process.hrtime.bigint()
      const encodings = await tokenizer.encodeBatch(all)
      for (const encoding of encodings) encoding.getIds()
      console.log(Number(process.hrtime.bigint() - start) / 1e9)
      break
    }
    case 'bert': {
      const model = await t.WordPiece.fromFile(file)
      const tokenizer = bert(model)
      tokenizer.addSpecialTokens(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'])
      const id = (token) => [token, tokenizer.tokenToId(token)]
      tokenizer.setPostProcessor(t.bertProcessing(id('[SEP]'), id('[CLS]')))
      process.stdout.write(saved(tokenizer))
      break
    }
    case 'train': {
      const tokenizer = bert(t.WordPiece.empty())
      tokenizer.train([file])
      const vocab = Object.entries(tokenizer.getVocab())
      for (const [piece] of vocab.sort((a, b) => a[1] - b[1])) console.log(piece)
      break
    }
    case 'classes':
      classes()
  }
}

// classes prints a line for each character but 0: its number, its class, what is
// left of it without accents and its lower case, all but the class in hex.
function classes() {
  const only = (o) => t.bertNormalizer({ cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false, ...o })
  const clean = only({ cleanText: true })
  const ideographs = only({ handleChineseChars: true })
  const accents = only({ stripAccents: true })
  const lower = only({ lowercase: true })
  const words = t.bertPreTokenizer()
  const out = []
  for (let first = 1; first < 0x110000; first += 256) {
    const chars = []
    for (let cp = first; cp < Math.min(first + 256, 0x110000); cp++) {
      if (cp < 0xd800 || cp > 0xdfff) chars.push(String.fromCodePoint(cp))
    }
    // All characters of a block at once, each between letters.
    const all = (n) => n.normalizeString(chars.map((c) => 'aa' + c + 'bb').join('')).match(/aa(?:(?!bb$|bbaa).)*?bb(?=aa|$)/gsu)
    const [c, i, a, l] = [clean, ideographs, accents, lower].map(all)
    chars.forEach((char, k) => {
      const between = (list) => list[k].slice(2, -2)
      const pieces = words.preTokenizeString('aa' + char + 'bb').length
      let of = 'other'
      if (between(c) === '') of = 'dropped'
      else if (between(c) === ' ') of = 'space'
      else if (between(i).length > char.length) of = 'ideograph'
      else if (pieces === 3) of = 'punctuation'
      else if (between(a) === '') of = 'mark'
      const hex = (s) => Buffer.from(s).toString('hex')
      out.push([char.codePointAt(0).toString(16), of, hex(between(a)), hex(between(l))].join(' '))
    })
  }
  console.log(out.join('\n'))
}

main()
