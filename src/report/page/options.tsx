import type { ReportData } from '../page-data.js'
import { Text } from './text.js'

/** What the run was asked for. */
export function Options({ report: { options, dataset } }: { readonly report: ReportData }) {
  return (
    <>
      <p class="lead">
        What decided the result, as <code>manifest.json</code> has it.
        {dataset.modelId !== null && (
          <>
            {' '}
            Scored by{' '}
            <code>
              <Text text={dataset.modelId} most={80} />
            </code>
            .
          </>
        )}
      </p>
      <dl class="options">
        {options.map(([name, value]) => (
          <div key={name}>
            <dt>
              <code>
                <Text text={name} most={60} />
              </code>
            </dt>
            <dd>
              <Text text={value} most={400} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}
