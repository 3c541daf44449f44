import { createHmac, hash } from 'node:crypto'
import type { MinioServer } from './minio.ts'

export interface MinioSession {
  readonly accessKey: string
  readonly secretKey: string
  readonly sessionToken: string
}

/** Credentials of a MinIO that may do what this policy (JSON) says and no more; made by AssumeRole, signed here as AWS's Signature Version 4 says. */
export async function minioSession(minio: MinioServer, policy: string): Promise<MinioSession> {
  const body = `${new URLSearchParams({ Action: 'AssumeRole', Version: '2011-06-15', DurationSeconds: '3600', Policy: policy })}`
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const date = time.slice(0, 8)
  const { host } = new URL(minio.endpoint)
  const type = 'application/x-www-form-urlencoded'
  const signed = 'content-type;host;x-amz-date'
  const request = `POST\n/\n\ncontent-type:${type}\nhost:${host}\nx-amz-date:${time}\n\n${signed}\n${hash('sha256', body)}`
  const scope = `${date}/us-east-1/sts/aws4_request`
  const key = [date, 'us-east-1', 'sts', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${minio.secretKey}`)
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', request)}`).toString('hex')

  const answer = await fetch(minio.endpoint, {
    method: 'POST',
    body,
    headers: {
      'content-type': type,
      'x-amz-date': time,
      authorization: `AWS4-HMAC-SHA256 Credential=${minio.accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
    },
  })
  const text = await answer.text()
  const value = (name: string) => {
    const [, found] = new RegExp(`<${name}>([^<]+)</${name}>`).exec(text) ?? []
    if (found === undefined) throw new Error(`AssumeRole answered ${answer.status}: ${text}`)
    return found
  }
  return {
    accessKey: value('AccessKeyId'),
    secretKey: value('SecretAccessKey'),
    sessionToken: value('SessionToken'),
  }
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
