import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kept } from './cache.ts'

const VERSION = '3.6.2'

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>`

/** The class path of Apache Kafka, fetched once by Maven and kept. */
export function kafkaJars(): string {
  const folder = kept(`kafka-${VERSION}`, (making) => {
    const pom = join(making, 'pom.xml')
    writeFileSync(pom, POM)
    const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${making}`, '-DincludeScope=runtime']
    try {
      execFileSync('mvn', ['-q', '-B', '-f', pom, ...copy], { stdio: ['ignore', 'inherit', 'inherit'] })
    } catch (cause) {
      throw new Error('no Kafka for this test: its jars are fetched by "mvn", which failed or is not here', { cause })
    }
  })
  return `${folder}/*`
}
