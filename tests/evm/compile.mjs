// compile.mjs - Solidity to the form we commit: {abi, compiler, creation, runtime} by name.
// usage: node compile.mjs FILE.sol NAME >NAME.json; needs the npm package solc of the version named here.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(process.cwd() + '/')
const solc = require('solc')
const [file, name] = process.argv.slice(2)
if (!solc.version().startsWith('0.8.26+')) throw new Error(`solc 0.8.26 is wanted, this is ${solc.version()}`)
const input = {
  language: 'Solidity',
  sources: { [basename(file)]: { content: readFileSync(file, 'utf8') } },
  settings: {
    evmVersion: 'cancun',
    metadata: { bytecodeHash: 'none' },
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
  },
}
const contracts = dirname(fileURLToPath(import.meta.url)) + '/../../contracts/'
const found = (path) => ({ contents: readFileSync(contracts + basename(path), 'utf8') })
const out = JSON.parse(solc.compile(JSON.stringify(input), { import: found }))
for (const e of out.errors ?? []) if (e.severity === 'error') throw new Error(e.formattedMessage)
const c = out.contracts[basename(file)][name]
process.stdout.write(
  JSON.stringify({
    name,
    compiler: solc.version(),
    abi: c.abi,
    creation: c.evm.bytecode.object,
    runtime: c.evm.deployedBytecode.object,
  }) + '\n',
)
