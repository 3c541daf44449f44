import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { Completed } from '../../../functions/annotate/complete.ts'
import { Projects } from '../../../functions/annotate/project.ts'
import { annotationCompleted, projectDeleted } from '../../../triggers/events.ts'
import type { Bench } from './bench.ts'
import { Problem, setupAnnotate } from './bench.ts'

for (const twice of [false, true]) {
  describe(`annotate${twice ? ', each event twice' : ''}`, () => {
    let bench: Bench
    before(async () => {
      bench = await setupAnnotate({ twice })
    })
    after(() => bench.close())

    const order = { column: 'spam', labels: ['yes', 'no'] }

    it('makes a project of the newest version’s rows', async () => {
      await bench.ingest('mail', 3)
      await bench.ingest('mail', 5, 2)
      await bench.ingest('mail', 3, 1)

      const answer = await bench.send('POST', '/projects', { name: 'newest', dataset: 'mail', ...order })

      assert.equal(answer.status, 201)
      assert.equal(answer.headers.get('location'), '/projects/newest')
      const { state, version, tasks, done, agreement, kappa, columns } = await bench.project('newest')
      assert.deepEqual([state, version, tasks, done, agreement, kappa], ['open', 2, 5, 0, null, null])
      assert.deepEqual(columns, [
        { name: 'n', type: 'number' },
        { name: 'text', type: 'text' },
      ])
    })

    it('leaves the same project as it is, and refuses another one of its name', async () => {
      const same = { name: 'named', dataset: 'mail', ...order }
      await bench.send('POST', '/projects', same)

      const again = await bench.send('POST', '/projects', same)
      const other = await bench.send('POST', '/projects', { ...same, labels: ['no', 'yes'], overlap: 2 })

      assert.equal(again.status, 200)
      assert.equal(other.status, 409)
      assert.deepEqual(
        Problem.parse(await other.json()).errors?.map(({ pointer }) => pointer),
        ['/labels', '/overlap'],
      )
    })

    it('lets a project wait for its dataset, and keeps the version that it then begins with', async () => {
      await bench.send('POST', '/projects', { name: 'early', dataset: 'later', ...order })
      const { state, version, tasks } = await bench.project('early')
      assert.deepEqual([state, version, tasks], ['waiting', null, 0])
      const next = await bench.request('/projects/early/next')
      assert.deepEqual([next.status, next.headers.get('retry-after')], [409, '1'])

      await bench.ingest('later', 4)
      await bench.ingest('later', 9, 2)

      const begun = await bench.project('early')
      assert.deepEqual([begun.state, begun.version, begun.tasks], ['open', 1, 4])
    })

    it('gives a person the rows one after the other, the unfinished one again, and then none', async () => {
      await bench.open('rows')

      const first = await bench.next('rows', 'ann')
      const again = await bench.next('rows', 'ann')
      const beside = await bench.next('rows', 'ann', 0)
      await bench.label('rows', 0, 'yes', 'ann')
      await bench.label('rows', 1, 'no', 'ann')
      const last = await bench.next('rows', 'ann')
      await bench.label('rows', 2, 'no', 'ann')

      assert.deepEqual(first, { id: 0, row: { n: 0, text: 'text 0' } })
      assert.deepEqual(again, first)
      assert.deepEqual(beside, { id: 1, row: { n: 1, text: 'text 1' } })
      assert.equal(last?.id, 2)
      assert.equal(await bench.next('rows', 'ann'), null)
      const { labelled, done } = await bench.project('rows')
      assert.deepEqual([labelled, done], [3, 3])
    })

    it('gives two people two rows, and a row again when its lease is over', async () => {
      await bench.open('leases', { rows: 2 })

      const given = [await bench.next('leases', 'ann'), await bench.next('leases', 'bo')]
      const none = await bench.next('leases', 'cy')
      await bench.query`update leases set until = clock_timestamp() where project = 'leases' and person = 'bo'`
      const over = await bench.next('leases', 'cy')

      assert.deepEqual(
        given.map((task) => task?.id),
        [0, 1],
      )
      assert.equal(none, null)
      assert.equal(over?.id, 1)
    })

    it('gives a row to as many people as the project asks for, first the rows that nobody has', async () => {
      await bench.open('overlap', { rows: 2, overlap: 2 })

      await bench.label('overlap', 0, 'yes', 'ann')
      const other = await bench.next('overlap', 'bo')
      await bench.label('overlap', 1, 'no', 'bo')
      const shared = await bench.next('overlap', 'bo')
      await bench.label('overlap', 0, 'no', 'bo')
      const third = await bench.next('overlap', 'cy')
      const forAnn = await bench.next('overlap', 'ann')

      assert.equal(other?.id, 1)
      assert.equal(shared?.id, 0)
      assert.equal(third?.id, 1)
      // Row 1 is bo's and, for five minutes, cy's.
      assert.equal(forAnn, null)
      const { labelled, done, annotations, agreement, kappa } = await bench.project('overlap')
      assert.deepEqual([labelled, done, annotations, agreement], [2, 1, 3, 0])
      assert.deepEqual(kappa, { method: 'cohen', value: 0, tasks: 1 })
    })

    it('takes a label in place of the one before, and takes it back', async () => {
      await bench.open('undone')
      const statuses = [await bench.label('undone', 1, 'yes'), await bench.label('undone', 1, 'no')]
      const exported = await (await bench.request('/projects/undone/export')).text()
      const path = '/projects/undone/tasks/1/annotations'
      const back = [await bench.request(path, { method: 'DELETE' }), await bench.request(path, { method: 'DELETE' })]

      assert.deepEqual(statuses, [201, 200])
      assert.match(exported, /^row,label,by,at,decided\r\n1,no,developer,[-0-9T:.]+Z,no\r\n$/)
      assert.deepEqual(
        back.map(({ status }) => status),
        [204, 404],
      )
      assert.equal((await bench.project('undone')).labelled, 0)
    })

    it('gives a row again whose label was taken back, or whose lease was over long before others were labelled', async () => {
      await bench.open('again', { rows: 6 })
      const given = [await bench.next('again', 'bo')]
      for (let i = 0; i < 4; i++) {
        const task = await bench.next('again', 'ann')
        given.push(task)
        await bench.label('again', task?.id ?? 0, 'yes', 'ann')
      }
      await bench.request('/projects/again/tasks/2/annotations?by=ann', { method: 'DELETE' })
      await bench.query`update leases set until = clock_timestamp() where project = 'again'`
      for (let i = 0; i < 3; i++) {
        const task = await bench.next('again', 'cy')
        given.push(task)
        await bench.label('again', task?.id ?? 0, 'yes', 'cy')
      }

      assert.deepEqual(
        given.map((task) => task?.id),
        [0, 1, 2, 3, 4, 0, 2, 5],
      )
      assert.equal(await bench.next('again', 'cy'), null)
      assert.equal((await bench.project('again')).done, 6)
    })

    it('exports what each person said as CSV or as lines of JSON, and what most of them said', async () => {
      const labels = ['a "b", c', '好']
      await bench.ingest('exported', 3)
      await bench.send('POST', '/projects', { name: 'exported', dataset: 'exported', column: 'x', labels, overlap: 3 })
      const said = [
        [2, '好', 'bo'],
        [2, 'a "b", c', 'ann'],
        [0, 'a "b", c', 'bo'],
        [0, '好', 'cy'],
        [0, '好', 'ann'],
      ] as const
      for (const [task, label, by] of said) await bench.label('exported', task, label, by)

      const csv = await bench.request('/projects/exported/export', { headers: { Accept: 'text/csv' } })
      const json = await bench.request('/projects/exported/export', { headers: { Accept: 'application/x-ndjson' } })

      const times = /,\d{4}-[^,]*Z,/g
      assert.equal(
        (await csv.text()).replaceAll(times, ',,'),
        [
          'row,label,by,at,decided',
          '0,好,ann,,好',
          '0,"a ""b"", c",bo,,好',
          '0,好,cy,,好',
          '2,"a ""b"", c",ann,,好',
          '2,好,bo,,好',
          '',
        ].join('\r\n'),
      )
      const lines = (await json.text()).trim().split('\n')
      assert.deepEqual(
        lines.map((line) => z.object({ row: z.int(), by: z.string() }).parse(JSON.parse(line))),
        [
          { row: 0, by: 'ann' },
          { row: 0, by: 'bo' },
          { row: 0, by: 'cy' },
          { row: 2, by: 'ann' },
          { row: 2, by: 'bo' },
        ],
      )
    })

    it('completes once: the labels that most people gave, of as many the earliest, are an object that is told of', async () => {
      await bench.open('whole', { rows: 4, overlap: 3 })
      const empty = await bench.send('POST', '/projects/whole/complete', {})
      const said = [
        [3, 'no', 'bo'],
        [3, 'yes', 'ann'],
        [0, 'no', 'ann'],
        [0, 'yes', 'bo'],
        [0, 'yes', 'cy'],
      ] as const
      for (const [task, label, by] of said) await bench.label('whole', task, label, by)

      const answers = [
        await bench.request('/projects/whole/complete', { method: 'POST' }),
        await bench.request('/projects/whole/complete', { method: 'POST' }),
      ]

      assert.equal(empty.status, 409)
      const [first, second] = await Promise.all(answers.map(async (answer) => Completed.parse(await answer.json())))
      assert.ok(first)
      assert.deepEqual(second, first)
      assert.equal(first.rows, 2)
      const told = (await bench.emitted()).filter(({ type }) => type === annotationCompleted.type)
      const [event, ...more] = told.filter(({ key }) => key === 'whole')
      assert.deepEqual(more, [])
      const { project, dataset, version, column, labels } = first
      assert.deepEqual(event?.data, { project, dataset, version, labels, column })
      const rows = await bench.tables.open({ labels: [labels] }, (session) => session.query('select * from labels'))
      assert.deepEqual(rows, [
        { row: 0, label: 'yes' },
        { row: 3, label: 'no' },
      ])
      assert.equal((await bench.project('whole')).state, 'completed')
      assert.equal(await bench.label('whole', 1, 'yes'), 409)
      assert.equal((await bench.request('/projects/whole/next')).status, 409)
    })

    it('says what a project holds before it deletes it, with its labels, and says so once', async () => {
      await bench.open('gone')
      await bench.label('gone', 0, 'yes', 'bo')
      await bench.label('gone', 0, 'yes', 'ann')

      const dry = await bench.request('/projects/gone?dry=true', { method: 'DELETE' })
      const still = await bench.request('/projects/gone')
      const deleted = await bench.request('/projects/gone', { method: 'DELETE' })
      const again = await bench.request('/projects/gone', { method: 'DELETE' })

      assert.deepEqual(await dry.json(), {
        project: 'gone',
        annotations: 2,
        people: ['ann', 'bo'],
        completed: false,
      })
      assert.deepEqual([dry.status, still.status, deleted.status, again.status], [200, 200, 204, 404])
      const told = (await bench.emitted()).filter(({ type }) => type === projectDeleted.type)
      assert.deepEqual(
        told.map(({ data }) => data),
        [{ project: 'gone', dataset: 'gone' }],
      )
      await bench.open('gone')
      assert.equal((await bench.project('gone')).annotations, 0)
    })

    it('lists projects page by page', async () => {
      await bench.open('list-a')
      await bench.open('list-b', { rows: 7 })
      await bench.label('list-b', 0, 'yes')

      const page = Projects.parse(await (await bench.request('/projects?limit=1&after=list')).json())
      const rest = Projects.parse(await (await bench.request(`/projects?limit=1&after=${page.next}`)).json())

      assert.deepEqual(
        [...page.items, ...rest.items].map(({ name, tasks, labelled }) => [name, tasks, labelled]),
        [
          ['list-a', 3, 0],
          ['list-b', 7, 1],
        ],
      )
    })

    it('answers bad requests with their status and place, and changes nothing', async () => {
      await bench.open('bad')
      const good = { name: 'never', dataset: 'bad', ...order }
      const before = await bench.emitted()
      const at = '/projects/bad/tasks/0/annotations'
      const bad: readonly [string, string, unknown, number, string, string?][] = [
        ['POST', '/projects', {}, 400, 'invalid_input', '/name'],
        ['POST', '/projects', { ...good, name: 'A b' }, 400, 'invalid_input', '/name'],
        ['POST', '/projects', { ...good, dataset: '' }, 400, 'invalid_input', '/dataset'],
        ['POST', '/projects', { ...good, column: ' ' }, 400, 'invalid_input', '/column'],
        ['POST', '/projects', { ...good, column: 'a\0' }, 400, 'invalid_input', '/column'],
        ['POST', '/projects', { ...good, column: 'a\ud800' }, 400, 'invalid_input', '/column'],
        ['POST', '/projects', { ...good, labels: [] }, 400, 'invalid_input', '/labels'],
        ['POST', '/projects', { ...good, labels: ['a', 'a '] }, 400, 'invalid_input', '/labels'],
        ['POST', '/projects', { ...good, labels: ['a', 'b\nc'] }, 400, 'invalid_input', '/labels/1'],
        ['POST', '/projects', { ...good, labels: ['a', 1] }, 400, 'invalid_input', '/labels/1'],
        ['POST', '/projects', { ...good, labels: ['\ud800'] }, 400, 'invalid_input', '/labels/0'],
        [
          'POST',
          '/projects',
          { ...good, labels: Array.from({ length: 101 }, String) },
          400,
          'invalid_input',
          '/labels',
        ],
        ['POST', '/projects', { ...good, overlap: 0 }, 400, 'invalid_input', '/overlap'],
        ['POST', '/projects', { ...good, overlap: 6 }, 400, 'invalid_input', '/overlap'],
        ['POST', '/projects', { ...good, overlap: 1.5 }, 400, 'invalid_input', '/overlap'],
        ['POST', '/projects', { ...good, more: 1 }, 400, 'invalid_input', '/more'],
        ['POST', '/projects', [], 400, 'invalid_input', ''],
        ['POST', at, {}, 400, 'invalid_input', '/label'],
        ['POST', at, { label: 'maybe' }, 422, 'unprocessable', '/label'],
        ['POST', at, { label: 'Yes' }, 422, 'unprocessable', '/label'],
        ['POST', at, { label: 'yes', by: '' }, 400, 'invalid_input', '/by'],
        ['POST', at, { label: 'yes', by: 'a\0' }, 400, 'invalid_input', '/by'],
        ['POST', at, { label: 'yes', by: 7 }, 400, 'invalid_input', '/by'],
        ['POST', at, { label: 'yes', who: 'me' }, 400, 'invalid_input', '/who'],
        ['POST', '/projects/bad/tasks/3/annotations', { label: 'yes' }, 404, 'not_found'],
        ['POST', '/projects/bad/tasks/-1/annotations', { label: 'yes' }, 404, 'not_found'],
        ['POST', '/projects/bad/tasks/00/annotations', { label: 'yes' }, 404, 'not_found'],
        ['POST', '/projects/bad/tasks/9999999999999999/annotations', { label: 'yes' }, 404, 'not_found'],
        ['POST', '/projects/never/tasks/0/annotations', { label: 'yes' }, 404, 'not_found'],
        ['DELETE', at, undefined, 404, 'not_found'],
        ['DELETE', `${at}?by=%00`, undefined, 400, 'invalid_input', '/by'],
        ['GET', '/projects/bad/next?by=', undefined, 400, 'invalid_input', '/by'],
        ['GET', '/projects/bad/next?except=x', undefined, 400, 'invalid_input', '/except'],
        ['GET', '/projects/bad/next?except=-1', undefined, 400, 'invalid_input', '/except'],
        ['GET', '/projects/bad/next?except=1e300', undefined, 400, 'invalid_input', '/except'],
        ['GET', '/projects/bad/next?to=me', undefined, 400, 'invalid_input', '/to'],
        ['GET', '/projects/never/next', undefined, 404, 'not_found'],
        ['GET', '/projects/A%20b/next', undefined, 400, 'invalid_input', '/project'],
        ['GET', '/projects/never', undefined, 404, 'not_found'],
        ['GET', '/projects/never/export', undefined, 404, 'not_found'],
        ['POST', '/projects/never/complete', undefined, 404, 'not_found'],
        ['POST', '/projects/bad/complete', undefined, 409, 'conflict'],
        ['DELETE', '/projects/never', undefined, 404, 'not_found'],
        ['DELETE', '/projects/never?dry=true', undefined, 404, 'not_found'],
        ['DELETE', '/projects/bad?dry=perhaps', undefined, 400, 'invalid_input', '/dry'],
        ['GET', '/projects?limit=0', undefined, 400, 'invalid_input', '/limit'],
        ['PATCH', '/projects/bad', undefined, 405, 'method_not_allowed'],
      ]
      for (const [method, path, body, status, code, pointer] of bad) {
        const answer = body === undefined ? await bench.request(path, { method }) : await bench.send(method, path, body)
        const text = await answer.text()
        assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(body)}: ${text}`)
        const problem = Problem.parse(JSON.parse(text))
        assert.equal(problem.code, code, path)
        if (pointer !== undefined) assert.equal(problem.errors?.[0]?.pointer, pointer, path)
      }

      assert.deepEqual(await bench.emitted(), before)
      assert.equal((await bench.request('/projects/never')).status, 404)
      assert.equal((await bench.project('bad')).annotations, 0)
      assert.deepEqual(await bench.query`select 1 from leases where project = 'bad'`, [])
    })
  })
}
