import { useEffect, useRef } from 'preact/hooks'
import type { PairRecord, PermissionRow } from '../../explore/explore-data.js'
import { ScrollTable } from '../scroll-table.js'
import { Address, Text } from '../text.js'
import { addressOf, useAnswer } from './asking.js'
import { Problem } from './problem.js'

/** All that is known of one pair: its picture, every caption with its score, on whose word it was fetched, its record. */
export function RecordDialog({
  api,
  pairKey,
  onClose,
  onStep,
}: {
  readonly api: string
  readonly pairKey: string
  readonly onClose: () => void
  /** To the next one (1), or the one before (-1). */
  readonly onStep: (step: 1 | -1) => void
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const { answered } = useAnswer<PairRecord>(addressOf(api, '/pair', { key: pairKey }))
  useEffect(() => dialog.current?.showModal(), [])
  const record =
    answered !== null && 'value' in answered && answered.value.key === pairKey ? answered.value : null
  return (
    <dialog
      ref={dialog}
      aria-labelledby="record-title"
      onClose={onClose}
      onKeyDown={(event) => {
        if (event.key === 'ArrowRight') onStep(1)
        if (event.key === 'ArrowLeft') onStep(-1)
      }}
    >
      <form method="dialog">
        <h2 id="record-title">
          Pair <code>{pairKey}</code>
        </h2>
        <span class="buttons">
          <button type="button" class="close" onClick={() => onStep(-1)} aria-label="The pair before">
            ‹
          </button>
          <button type="button" class="close" onClick={() => onStep(1)} aria-label="The next pair">
            ›
          </button>
          <button type="submit" class="close">
            Close
          </button>
        </span>
      </form>
      <img class="whole" src={addressOf(api, '/picture', { key: pairKey })} alt="" />
      {answered !== null && 'problem' in answered && <Problem text={answered.problem} />}
      {record !== null && <Whole record={record} onClose={onClose} />}
    </dialog>
  )
}

function Whole({ record, onClose }: { readonly record: PairRecord; readonly onClose: () => void }) {
  const { key, caption, captions, permissions, fields } = record
  return (
    <>
      <p class="caption">
        <Text text={caption} most={2_000} />
      </p>
      <p>
        <a href={addressOf('', '#/search', { key })} onClick={onClose}>
          Find pictures like this one
        </a>
      </p>
      <h3>Captions, with their scores</h3>
      <ScrollTable label="Captions">
        <thead>
          <tr>
            <th scope="col">Stood in</th>
            <th scope="col" class="number">
              score
            </th>
            <th scope="col">text</th>
          </tr>
        </thead>
        <tbody>
          {captions.map(({ source, text, score }, i) => (
            <tr key={i}>
              <th scope="row">
                <Text text={source} most={40} />
              </th>
              <td class="number">{score === null ? 'not scored' : score.toFixed(3)}</td>
              <td>
                <Text text={text} most={1_000} />
              </td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
      <h3>On whose word it was fetched</h3>
      {permissions.length === 0 ? <p class="note">Nobody was asked.</p> : <Permissions rows={permissions} />}
      <h3>Record</h3>
      <dl>
        {fields.map(([name, value]) => (
          <div key={name}>
            <dt>
              <Text text={name} most={40} />
            </dt>
            <dd>
              {name === 'url' || name.endsWith('_url') ? (
                <Address url={value} most={400} />
              ) : (
                <Text text={value} most={2_000} />
              )}
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}

function Permissions({ rows }: { readonly rows: readonly PermissionRow[] }) {
  return (
    <ScrollTable label="Permission">
      <thead>
        <tr>
          <th scope="col">Of the</th>
          <th scope="col">rule</th>
          <th scope="col">what the site wrote</th>
          <th scope="col">where, and when it was read</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ what, rule, value, source, checkedAt }) => (
          <tr key={what}>
            <th scope="row">{what}</th>
            <td>
              <code>
                <Text text={rule} most={200} />
              </code>
            </td>
            <td>
              <Text text={value} most={200} />
            </td>
            <td>
              <Text text={[source, checkedAt].filter((part) => part !== '').join(', ')} most={200} />
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}
