import { testTopics } from '../../conformance/topics.ts'
import { kafkaBench } from './bench.ts'

testTopics('Kafka, one broker', kafkaBench)
