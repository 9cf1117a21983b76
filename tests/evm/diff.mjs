// diff.mjs COUNT SEED DIR - COUNT random programs as state tests in DIR, their expected results from
// @ethereumjs/vm; prints the path of each finished file, 500 tests in each.
import fs from 'node:fs';
import { createBlock } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createMPT } from '@ethereumjs/mpt';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { createTx } from '@ethereumjs/tx';
import { RLP } from '@ethereumjs/rlp';
import * as util from '@ethereumjs/util';
import { createVM, runTx } from '@ethereumjs/vm';
import { keccak_256 } from '@noble/hashes/sha3.js';

const { Account, bytesToHex, createAddressFromString, hexToBytes, privateToAddress } = util;
const [count, seed, dir] = [Number(process.argv[2]), BigInt(process.argv[3]), process.argv[4]];
const PER_FILE = 500;

// splitmix64
let state = BigInt.asUintN(64, seed);
function next() {
  state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
  let z = state;
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
const below = (n) => Number(next() % BigInt(n));
const pick = (list) => list[below(list.length)];
const chance = (percent) => below(100) < percent;
const hex = (v) => '0x' + v.toString(16);
const even = (v) => { const s = v.toString(16); return '0x' + (s.length % 2 ? '0' + s : s); };

const secret = hexToBytes('0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8');
const sender = bytesToHex(privateToAddress(secret));
const contracts = [1, 2, 3, 4].map((i) => '0x' + 'c0'.repeat(19) + '0' + i);
const coinbase = '0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba';
const M = (1n << 256n) - 1n;

function word() {
  switch (below(9)) {
    case 0: return 0n;
    case 1: return BigInt(below(40));
    case 2: return M - BigInt(below(3));
    case 3: return 1n << BigInt(below(256));
    case 4: return (1n << BigInt(below(256))) - 1n;
    case 5: return (1n << 255n) + BigInt(below(3)) - 1n;
    case 6: return next();
    case 7: return (next() << 64n) | next();
    default: return (next() << 192n) | (next() << 128n) | (next() << 64n) | next();
  }
}

// An assembler that knows the height of the stack, so that most programs run for long.
class Program {
  constructor(deep) { this.b = []; this.h = 0; this.open = []; this.deep = deep; }
  op(...codes) { this.b.push(...codes); }
  push(v) {
    let s = v.toString(16);
    if (s.length % 2) s = '0' + s;
    const n = v === 0n && chance(50) ? 0 : s.length / 2;
    this.op(0x5f + n);
    for (let i = 0; i < n; i++) this.op(parseInt(s.slice(2 * i, 2 * i + 2), 16));
    this.h++;
  }
  need(n) { while (this.h < n) this.push(word()); }
  small(max = 200) { this.push(BigInt(below(max))); }
  address() {
    const k = below(10);
    if (k < 5) this.push(BigInt(pick(contracts)));
    else if (k < 8) this.push(BigInt(1 + below(9)));
    else if (k < 9) this.push(BigInt(pick([sender, coinbase])));
    else this.push(next());
  }
  done(n, out) { this.h += out - n; }
  step() {
    const kind = below(100);
    if (kind < 38) { // arithmetic
      const [code, n] = pick([[1, 2], [2, 2], [3, 2], [4, 2], [5, 2], [6, 2], [7, 2], [8, 3], [9, 3], [10, 2], [11, 2],
        [0x10, 2], [0x11, 2], [0x12, 2], [0x13, 2], [0x14, 2], [0x15, 1], [0x16, 2], [0x17, 2], [0x18, 2], [0x19, 1],
        [0x1a, 2], [0x1b, 2], [0x1c, 2], [0x1d, 2]]);
      if (code >= 0x1a && code <= 0x1d && chance(70)) { this.need(1); this.small(300); }
      if (chance(30)) this.push(word());
      this.need(n);
      this.op(code);
      this.done(n, 1);
    } else if (kind < 50) {
      const n = 1 + below(16);
      if (chance(50)) { this.need(Math.min(n, 16)); this.op(0x7f + n); this.h++; } else { this.need(n + 1); this.op(0x8f + n); }
    } else if (kind < 56) {
      this.op(pick([0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x4a,
        0x58, 0x59, 0x5a]));
      this.h++;
    } else if (kind < 60) {
      const code = pick([0x31, 0x3b, 0x3f, 0x35, 0x49, 0x40]);
      if (code === 0x35 || code === 0x49 || code === 0x40) this.small(code === 0x40 ? 600 : 80); else this.address();
      this.op(code);
    } else if (kind < 70) this.memory();
    else if (kind < 82) this.storage();
    else if (kind < 88) this.call();
    else if (kind < 89) this.create();
    else if (kind < 92) this.log();
    else if (kind < 97) this.jump();
    else if (kind < 98) { this.need(1); this.op(0x50); this.h--; }
    else if (kind < 99 && chance(30)) this.stop();
  }
  memory() {
    const k = below(6);
    if (k === 0) { this.small(); this.op(0x51); } else if (k < 3) {
      this.need(1); this.small(); this.op(k === 1 ? 0x52 : 0x53); this.h -= 2;
    } else if (k === 3) { this.small(); this.small(); this.op(0x20); this.h--; } else {
      const code = pick([0x37, 0x39, 0x5e, 0x3e, 0x3c]);
      this.small(code === 0x3e ? 8 : 100);
      this.small(code === 0x3e ? 8 : 100);
      this.small();
      this.h -= 3;
      if (code === 0x3c) { this.address(); this.h--; }
      this.op(code);
    }
  }
  storage() {
    const k = below(4);
    if (k % 2 === 0) { this.push(BigInt(below(4))); this.op(k ? 0x5c : 0x54); return; }
    if (chance(50)) this.push(BigInt(below(3))); else this.need(1);
    this.push(BigInt(below(4)));
    this.op(k === 1 ? 0x55 : 0x5d);
    this.h -= 2;
  }
  call() {
    const code = pick([0xf1, 0xf1, 0xf2, 0xf4, 0xfa]);
    this.small(100); this.small(); this.small(chance(20) ? 400 : 130); this.small(100);
    const value = code < 0xf4;
    if (value) this.push(chance(60) ? 0n : BigInt(below(1000)));
    this.address();
    if (chance(50)) { this.op(0x5a); this.h++; } else this.push(BigInt(below(100000)));
    this.op(code);
    this.done(value ? 7 : 6, 1);
  }
  create() {
    const salted = chance(50);
    const init = new Program(this.deep + 1);
    const bytes = this.deep < 2 && chance(70) ? init.make(1 + below(12)) : random(below(30));
    for (let i = 0; i < bytes.length; i += 32) {
      const part = bytes.slice(i, i + 32);
      while (part.length < 32) part.push(0);
      this.push(BigInt('0x' + part.map((x) => x.toString(16).padStart(2, '0')).join('')));
      this.push(BigInt(i));
      this.op(0x52);
      this.h -= 2;
    }
    if (salted) this.push(BigInt(below(3)));
    this.push(BigInt(bytes.length));
    this.push(0n);
    this.push(chance(70) ? 0n : BigInt(below(100)));
    this.op(salted ? 0xf5 : 0xf0);
    this.done(salted ? 4 : 3, 1);
  }
  log() {
    const n = below(5);
    for (let i = 0; i < n; i++) this.push(word());
    this.small(60); this.small(60);
    this.op(0xa0 + n);
    this.h -= n + 2;
  }
  // A forward jump over a few steps, or back to the start with a condition that ends.
  jump() {
    const conditional = chance(70);
    if (conditional) this.need(1);
    this.op(0x61, 0, 0);
    const at = this.b.length - 2;
    if (conditional && chance(30)) { this.op(0x90); this.op(0x90); }
    this.op(conditional ? 0x57 : 0x56);
    if (conditional) this.h--;
    const h = this.h;
    for (let i = below(4); i > 0; i--) this.step();
    while (this.h > h) { this.op(0x50); this.h--; }
    while (this.h < h) this.push(0n);
    const to = this.b.length + (chance(3) ? 1 : 0);
    this.b[at] = to >> 8;
    this.b[at + 1] = to & 0xff;
    this.op(0x5b);
  }
  stop() {
    const k = below(6);
    if (k < 3) { this.small(); this.small(); this.op(k ? 0xf3 : 0xfd); this.h -= 2; } else if (k === 3) {
      this.address(); this.op(0xff); this.h--;
    } else this.op(k === 4 ? 0x00 : 0xfe);
  }
  make(steps) {
    for (let i = 0; i < steps && this.h < 900; i++) this.step();
    if (chance(80)) {
      if (chance(30)) this.storage();
      this.small(100); this.small(100); this.op(chance(85) ? 0xf3 : 0xfd);
    }
    return this.b;
  }
}

function random(n) { return Array.from({ length: n }, () => below(256)); }
function code() {
  if (chance(8)) return random(below(80));
  const b = new Program(0).make(3 + below(60));
  if (chance(10)) b[below(b.length)] = below(256);
  return b;
}
const toHex = (bytes) => '0x' + bytes.map((x) => x.toString(16).padStart(2, '0')).join('');

function makeTest() {
  const pre = { [sender]: { nonce: '0x00', balance: even(10n ** 20n), code: '0x', storage: {} } };
  for (const c of contracts) {
    const storage = {};
    for (let i = 0; i < 4; i++) if (chance(40)) storage[even(BigInt(i))] = even(chance(50) ? 1n : word() || 1n);
    pre[c] = { nonce: even(BigInt(below(2))), balance: even(BigInt(below(5000))), code: toHex(code()), storage };
  }
  const type = below(3);
  const tx = { nonce: '0x00', gasLimit: [even(BigInt(60000 + below(chance(20) ? 2000000 : 300000)))],
    value: [even(chance(50) ? 0n : BigInt(below(100000)))], data: [toHex(random(below(100)))],
    to: chance(90) ? contracts[0] : '', sender, secretKey: bytesToHex(secret) };
  if (tx.to === '') tx.data = [toHex(code())];
  if (type === 2) { tx.maxFeePerGas = even(BigInt(10 + below(90))); tx.maxPriorityFeePerGas = even(BigInt(below(10))); } else
    tx.gasPrice = even(BigInt(10 + below(90)));
  if (type) {
    tx.accessLists = [contracts.filter(() => chance(40)).map((address) => ({ address,
      storageKeys: [0, 1, 2].filter(() => chance(40)).map((k) => '0x' + k.toString(16).padStart(64, '0')) }))];
  }
  const env = { currentCoinbase: coinbase, currentNumber: '0x0200', currentTimestamp: '0x03e8', currentGasLimit: '0x1c9c380',
    currentBaseFee: '0x0a', currentDifficulty: '0x00', currentExcessBlobGas: '0x00',
    currentRandom: '0x' + '00'.repeat(29) + '020000' };
  return { env, pre, transaction: tx };
}

const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun });
const utf8 = new TextEncoder();
const blockchain = {
  getBlock: async (n) => ({ hash: () => keccak_256(utf8.encode(String(n))) }),
  putBlock: async () => {},
  shallowCopy() { return this; },
};

// The root of what the state manager holds: one trie, made once, is a third of the time of keeping tries.
async function rootOf(stateManager) {
  const accounts = stateManager.accountStack.at(-1);
  const slots = new Map();
  for (const [place, value] of stateManager.storageStack.at(-1)) {
    const [address, key] = place.split('_');
    if (!slots.has(address)) slots.set(address, []);
    slots.get(address).push([key, value]);
  }
  const all = await createMPT({ useKeyHashing: true });
  for (const [address, account] of accounts) {
    if (account === undefined) continue;
    const storage = await createMPT({ useKeyHashing: true });
    for (const [key, value] of slots.get(address) ?? []) {
      const bare = util.unpadBytes(value);
      if (bare.length) await storage.put(hexToBytes(key.startsWith('0x') ? key : '0x' + key), RLP.encode(bare));
    }
    await all.put(hexToBytes(address), RLP.encode([util.bigIntToUnpaddedBytes(account.nonce),
      util.bigIntToUnpaddedBytes(account.balance), storage.root(), account.codeHash]));
  }
  return all.root();
}

// The sender is known: a signature would only take time.
function signed(tx) {
  tx.getSenderAddress = () => createAddressFromString(sender);
  tx.isSigned = () => true;
  tx.hash = () => new Uint8Array(32);
  return tx;
}

async function expect(t) {
  const stateManager = new SimpleStateManager({ common });
  const vm = await createVM({ common, stateManager, blockchain });
  for (const [a, acc] of Object.entries(t.pre)) {
    const address = createAddressFromString(a);
    await stateManager.putAccount(address, new Account(BigInt(acc.nonce), BigInt(acc.balance)));
    await stateManager.putCode(address, hexToBytes(acc.code));
    for (const [k, v] of Object.entries(acc.storage))
      await stateManager.putStorage(address, hexToBytes('0x' + BigInt(k).toString(16).padStart(64, '0')), hexToBytes(v));
  }
  const block = createBlock({ header: { coinbase, number: t.env.currentNumber, timestamp: t.env.currentTimestamp,
    gasLimit: t.env.currentGasLimit, baseFeePerGas: t.env.currentBaseFee, difficulty: 0n, excessBlobGas: 0n,
    mixHash: t.env.currentRandom } }, { common, skipConsensusFormatValidation: true });
  const x = t.transaction;
  const type = x.maxFeePerGas ? 2 : x.accessLists ? 1 : 0;
  const fields = { type, chainId: 1, nonce: 0n, gasLimit: x.gasLimit[0], value: x.value[0], data: x.data[0],
    to: x.to === '' ? undefined : x.to };
  if (type === 2) Object.assign(fields, { maxFeePerGas: x.maxFeePerGas, maxPriorityFeePerGas: x.maxPriorityFeePerGas });
  else fields.gasPrice = x.gasPrice;
  if (type) fields.accessList = x.accessLists[0];
  let logs = [];
  let refused = false;
  try {
    const r = await runTx(vm, { tx: signed(createTx(fields, { common, freeze: false })), block });
    logs = r.execResult.logs ?? [];
    if (r.execResult.exceptionError) logs = [];
  } catch (e) {
    if (!/gas limit|insufficient|initcode|intrinsic|balance/i.test(e.message)) throw e;
    refused = true;
  }
  const post = { hash: bytesToHex(await rootOf(stateManager)), indexes: { data: 0, gas: 0, value: 0 },
    logs: bytesToHex(keccak_256(RLP.encode(logs))) };
  if (refused) post.expectException = 'refused';
  return { ...t, post: { Cancun: [post] } };
}

for (let made = 0; made < count; made += PER_FILE) {
  const file = {};
  for (let i = made; i < Math.min(made + PER_FILE, count); i++) {
    const t = makeTest();
    try {
      file[`p${seed}_${i}`] = await expect(t);
    } catch (e) {
      fs.writeFileSync(`${dir}/refused-${seed}-${i}.json`, JSON.stringify(t));
      console.error(`diff.mjs: program ${i}: ${e.stack}`);
      process.exit(1);
    }
  }
  const path = `${dir}/diff-${seed}-${made}.json`;
  fs.writeFileSync(path, JSON.stringify(file));
  console.log(path);
}
