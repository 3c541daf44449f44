import { html } from 'hono/html'
import type * as z from 'zod'
import type { Projects } from '../project.ts'
import type { Place } from './project-page.ts'

/** The page that lists projects, each with the way to its own. */
export function listPage({ items, next }: z.infer<typeof Projects>, { texts, prefix }: Place) {
  return html`<!doctype html>
<html lang="${texts.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${texts.projects}</title>
<link rel="stylesheet" href="${prefix}/page.css">
</head>
<body>
<header><h1>${texts.projects}</h1></header>
<main>
${items.length === 0 ? html`<p>${texts.none}</p>` : ''}
<table>
<thead><tr><th>${texts.project}</th><th>${texts.dataset}</th><th>${texts.done}</th><th>${texts.state}</th></tr></thead>
<tbody>
${items.map(
  ({ name, dataset, version, done, tasks, state }) => html`<tr>
<td><a href="${prefix}/projects/${name}/page">${name}</a></td>
<td>${dataset}${version === null ? '' : `@${version}`}</td>
<td>${done} / ${tasks}</td>
<td>${texts[state]}</td>
</tr>
`,
)}</tbody>
</table>
${next === undefined ? '' : html`<p><a href="${prefix}/?after=${next}">${texts.more}</a></p>`}
</main>
</body>
</html>`
}
