import type { HonoRequest } from 'hono'
import { PlatformError } from 'mezz/errors'

/** The fields of the form that a conversion is asked by, as text. */
export interface Upload {
  readonly model: string
  readonly samples: string | undefined
}

/** Reads a multipart form with a file `model` and, if given, `samples`. */
export async function readUpload(request: HonoRequest): Promise<Upload> {
  const type = request.header('content-type')
  if (!type?.toLowerCase().startsWith('multipart/form-data')) {
    throw new PlatformError('unsupported_media_type', `expected multipart/form-data, got ${type ?? 'no content-type'}`)
  }
  const form = await request.formData().catch((cause: unknown) => {
    throw new PlatformError('invalid_input', 'the body is no multipart form', { cause })
  })
  const field = async (name: string) => {
    const value = form.get(name)
    return value instanceof File ? value.text() : (value ?? undefined)
  }
  const model = await field('model')
  if (model === undefined) {
    throw new PlatformError('invalid_input', 'the form has no field `model`', {
      errors: [{ pointer: '/model', reason: 'required: a LightGBM model file' }],
    })
  }
  return { model, samples: await field('samples') }
}
