// evm_anvil.mjs PEERS FILE - processor time of each code of FILE in revm, through anvil's eth_call: "NAME MS"
// lines. The time of the call's JSON is in it; ticks of 10 ms are spread over two seconds of runs.
import fs from 'node:fs';
import net from 'node:net';
import { spawn } from 'node:child_process';

const [peers, file] = process.argv.slice(2);
const all = JSON.parse(fs.readFileSync(file));
const port = await new Promise((done) => {
  const s = net.createServer().listen(0, '127.0.0.1', () => { const p = s.address().port; s.close(() => done(p)); });
});
const anvil = spawn(`${peers}/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil`, ['--port', `${port}`, '--silent',
  '--hardfork', 'cancun', '--gas-limit', '100000000000', '--code-size-limit', '100000'], { stdio: 'ignore' });
const to = '0x1000000000000000000000000000000000000001';

async function rpc(method, params) {
  const r = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) });
  return r.json();
}
function cpu() {
  const f = fs.readFileSync(`/proc/${anvil.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(f[11]) + Number(f[12])) * 10;
}
try {
  for (let i = 0; ; i++) {
    try { await rpc('eth_chainId', []); break; } catch (e) {
      if (i === 300) throw e;
      await new Promise((r) => setTimeout(r, 100));
    }
  }
  for (const [name, t] of Object.entries(all)) {
    const call = [{ to, data: `0x${t.input}`, gas: '0x174876e800' }, 'latest', { [to]: { code: `0x${t.code}` } }];
    await rpc('eth_call', call);
    const start = cpu();
    let n = 0;
    for (; n < 3 || (cpu() - start < 2000 && n < 1000); n++) {
      const r = await rpc('eth_call', call);
      if (r.error) throw new Error(`${name}: ${r.error.message}`);
    }
    console.log(name, ((cpu() - start) / n).toFixed(3));
  }
} finally {
  anvil.kill();
}
