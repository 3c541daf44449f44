const ENGLISH = {
  language: 'en',
  projects: 'Annotation projects',
  none: 'There is no project yet: POST /projects makes one.',
  project: 'Project',
  dataset: 'Dataset',
  state: 'State',
  done: 'Done',
  more: 'More',
  waiting: 'waiting',
  open: 'open',
  completed: 'completed',
  isWaiting: 'It waits for its dataset.',
  isCompleted: 'This project is completed: its labels have gone into the dataset.',
  person: 'Your name',
  row: 'Row',
  labels: 'Labels',
  agreement: 'Agreement',
  undo: 'Undo',
  keys: 'Keys: 1–9 label, u undoes',
  finished: 'Nothing is left for you here.',
  complete: 'Complete the project',
  question: 'No more labels are taken then, and those there are go into a new version of the dataset. Complete it?',
  reload: 'Load the page again',
  script: 'Labelling needs JavaScript.',
} as const

export type Texts = { readonly [text in keyof typeof ENGLISH]: string }

const CHINESE: Texts = {
  language: 'zh-CN',
  projects: '标注项目',
  none: '还没有项目：用 POST /projects 创建。',
  project: '项目',
  dataset: '数据集',
  state: '状态',
  done: '已完成',
  more: '更多',
  waiting: '等待中',
  open: '进行中',
  completed: '已结束',
  isWaiting: '正在等待数据集。',
  isCompleted: '该项目已结束，标签已写入数据集。',
  person: '你的名字',
  row: '行号',
  labels: '标签',
  agreement: '一致率',
  undo: '撤销',
  keys: '快捷键：1–9 选标签，u 撤销',
  finished: '这里没有需要你标注的行了。',
  complete: '结束项目',
  question: '结束后不再接受标签，现有标签将写入数据集的新版本。确定结束吗？',
  reload: '重新加载页面',
  script: '标注需要 JavaScript。',
}

/** The page's words in the language that an `Accept-Language` prefers: Chinese or English. */
export function textsFor(acceptLanguage: string): Texts {
  const wanted = acceptLanguage.split(',').map((range) => {
    const [tag = '', ...parameters] = range
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/)
    const quality = parameters.find((one) => one.startsWith('q='))
    return { tag, quality: quality ? Number(quality.slice(2)) : 1 }
  })
  const known = wanted.filter(({ tag, quality }) => /^(en|zh)(-|$)/.test(tag) && quality > 0)
  const [best] = known.sort((a, b) => b.quality - a.quality)
  return best?.tag.startsWith('zh') ? CHINESE : ENGLISH
}
