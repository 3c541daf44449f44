import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readTelemetry } from '../../runtime/env.ts'

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }

describe("OpenTelemetry's variables", () => {
  it('send traces below the endpoint that they name, or to the one for traces as it stands', () => {
    const own = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/in' }

    assert.equal(readTelemetry(ENDPOINT)?.url, 'http://collector:4318/v1/traces')
    assert.equal(
      readTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/otlp/' })?.url,
      'http://collector:4318/otlp/v1/traces',
    )
    assert.equal(readTelemetry({ ...ENDPOINT, ...own })?.url, 'https://traces.example/in')
  })

  for (const [why, variables] of Object.entries({
    'names no endpoint': {},
    'names an empty one': { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    'switches the SDK off': { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' },
    'wants no traces': { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
  })) {
    it(`send nothing where the environment ${why}`, () => {
      assert.equal(readTelemetry(variables), undefined)
    })
  }

  it('give headers and attributes percent-decoded, and the sampler with its share', () => {
    const read = readTelemetry({
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a=b, x-team = shop ',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=till',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    })

    assert.deepEqual(read?.headers, { authorization: 'Bearer a=b', 'x-team': 'shop' })
    assert.deepEqual(read?.attributes, { 'deployment.environment.name': 'test' })
    assert.deepEqual([read?.service, read?.sampler, read?.ratio], ['till', 'parentbased_traceidratio', 0.25])
  })

  it('are refused with every fault, and no header is shown', () => {
    const wrong = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'hidden',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER_ARG: '2',
    }

    assert.throws(
      () => readTelemetry(wrong),
      ({ message }: Error) => {
        for (const name of Object.keys(wrong)) assert.match(message, new RegExp(`${name}: `))
        assert.ok(!message.includes('hidden'))
        return true
      },
    )
  })
})
