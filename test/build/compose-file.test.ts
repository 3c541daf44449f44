import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { composeFile } from '../../build/compose-file.ts'

const SCHEMA = fileURLToPath(new URL('../oracle/compose/compose-spec.json', import.meta.url))

describe('the Compose file', () => {
  const file = JSON.stringify(composeFile({ image: 'registry.example/mezz:1' }))

  it('is valid by the schema of the Compose specification', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const valid = ajv.compile(JSON.parse(readFileSync(SCHEMA, 'utf8')))

    assert.ok(valid(JSON.parse(file)), JSON.stringify(valid.errors))
    assert.equal(valid({ services: { platform: { imag: 'x' } } }), false)
  })

  it('has no password of its own', () => {
    const secrets = [...file.matchAll(/"[A-Z0-9_]*(?:PASSWORD|SECRET_KEY|ISSUERS|AUTH)":"([^"]+)"/g)]

    assert.ok(secrets.length >= 4)
    for (const [line, value = ''] of secrets) assert.match(value, /^\$\{[A-Z0-9_]+:\?[^}]+\}$/, line)
    for (const [line, value = ''] of file.matchAll(/"postgres:\/\/\w*:([^@]+)@/g))
      assert.match(value, /^\$\{[A-Z_]+:\?/, line)
  })
})
