import { useId, useState } from 'preact/hooks'
import type { Notch, ReportData, ScoreGroup } from '../page-data.js'
import { Command } from './command.js'
import { curateCommand } from './curate-command.js'
import { amount, formatCount, formatHundredths, formatShare } from './figures.js'
import { Gallery } from './gallery.js'
import { ScoreChart } from './score-chart.js'
import { ScrollTable } from './scroll-table.js'
import { Text } from './text.js'
import { visible } from './visible.js'

/** Scores, and a threshold to try: what it would keep, and the pairs nearest to it. */
export function Threshold({ report }: { readonly report: ReportData }) {
  const { scores, dataset } = report
  const [chosen, setChosen] = useState(0)
  const [wanted, setWanted] = useState<number | null>(null)
  const id = useId()
  const group = scores[chosen] ?? scores[0]
  if (group === undefined) return null
  const index = indexOf(group.notches, wanted ?? defaultAt(group, dataset.threshold))
  const notch = group.notches[index]
  if (notch === undefined) return null
  return (
    <>
      <p class="lead">
        The model scores how well a text fits its picture, as a cosine between −1 and 1. A higher threshold
        keeps fewer and better pairs. Move it, and look at the pairs on either side: where the lower row is no
        worse than the upper one, the threshold is too high.
      </p>
      <div class="controls">
        <label for={`${id}-group`}>Pairs</label>
        <select
          id={`${id}-group`}
          value={chosen}
          onChange={(event) => setChosen(Number(event.currentTarget.value))}
        >
          {scores.map((one, i) => (
            <option key={i} value={i}>
              {groupName(one)} ({formatCount(one.pairs)})
            </option>
          ))}
        </select>
      </div>
      <ScoreChart group={group} at={notch.at} runThreshold={dataset.threshold} />
      <p class="legend">
        <span class="key kept">kept from the threshold on</span>
        <span class="key dropped">kept by the run, below the threshold</span>
        <span class="key low">rejected by the run</span>
      </p>
      <div class="dial">
        <div class="slider">
          <label for={`${id}-slider`}>Threshold</label>
          <output for={`${id}-slider`}>{formatHundredths(notch.at)}</output>
          <input
            id={`${id}-slider`}
            type="range"
            min={0}
            max={group.notches.length - 1}
            step={1}
            value={index}
            disabled={group.notches.length < 2}
            aria-valuetext={`${formatHundredths(notch.at)}: keeps ${amount(notch.keeps, 'pair')}`}
            onInput={(event) => setWanted(group.notches[Number(event.currentTarget.value)]?.at ?? notch.at)}
          />
        </div>
        <p class="verdict">
          keeps{' '}
          <b class="kept" data-keeps={notch.keeps}>
            {formatCount(notch.keeps)}
          </b>{' '}
          of {amount(group.pairs, 'pair')} ({formatShare(notch.keeps, group.pairs)}), drops{' '}
          <b class="lost">{formatCount(group.pairs - notch.keeps)}</b>
        </p>
      </div>
      <Command text={curateCommand(dataset.place, group, notch.at)} label="The command that does it" />
      <Sides report={report} notch={notch} />
      <ByGroup scores={scores} at={notch.at} />
    </>
  )
}

function Sides({ report, notch }: { readonly report: ReportData; readonly notch: Notch }) {
  const at = formatHundredths(notch.at)
  return (
    <div class="sides">
      <section aria-label="Just above the threshold">
        <h3>
          Just above {at}: <span class="kept">stay</span>
        </h3>
        <Gallery report={report} numbers={notch.above} label={`Pairs just above ${at}`} />
      </section>
      <section aria-label="Just below the threshold">
        <h3>
          Just below {at}: <span class="lost">go</span>
        </h3>
        {notch.below.length === 0 && <p class="note">No pair of this dataset is below it.</p>}
        <Gallery report={report} numbers={notch.below} label={`Pairs just below ${at}`} />
      </section>
    </div>
  )
}

/** What the threshold would do to each language and each source of captions: one that suits the one may not suit the other. */
function ByGroup({ scores, at }: { readonly scores: readonly ScoreGroup[]; readonly at: number }) {
  const others = scores.filter(({ kind }) => kind !== 'all')
  if (others.length === 0) return null
  return (
    <ScrollTable label="By language and source of the caption">
      <caption>What {formatHundredths(at)} would keep, by language and by where the caption stood</caption>
      <thead>
        <tr>
          <th scope="col">Pairs</th>
          <th scope="col" class="number">
            all
          </th>
          <th scope="col" class="number">
            kept
          </th>
          <th scope="col" class="number">
            share
          </th>
        </tr>
      </thead>
      <tbody>
        {others.map((group) => {
          const keeps = keptFrom(group, at)
          return (
            <tr key={`${group.kind} ${group.name}`}>
              <th scope="row">
                <Text text={groupName(group)} most={40} />
              </th>
              <td class="number">{formatCount(group.pairs)}</td>
              <td class="number">{formatCount(keeps)}</td>
              <td class="number">{formatShare(keeps, group.pairs)}</td>
            </tr>
          )
        })}
      </tbody>
    </ScrollTable>
  )
}

const keptFrom = ({ first, kept }: ScoreGroup, at: number): number =>
  kept.slice(Math.max(0, at - first)).reduce((sum, count) => sum + count, 0)

function groupName({ kind, name }: ScoreGroup): string {
  if (kind === 'all') return 'All pairs'
  if (kind === 'source') return name === null ? 'Mended caption' : `Caption from ${visible(name, 30)}`
  return name === 'und' ? 'Language not told' : `Language ${visible(name ?? '', 30)}`
}

/** Nearest notch to a threshold. */
function indexOf(notches: readonly Notch[], at: number): number {
  let best = 0
  for (const [i, notch] of notches.entries())
    if (Math.abs(notch.at - at) < Math.abs((notches[best]?.at ?? 0) - at)) best = i
  return best
}

/** Where the slider stands at first: where a tenth of the pairs would go. */
function defaultAt({ notches, pairs }: ScoreGroup, runThreshold: number | null): number {
  const tenth = notches.find(({ keeps }) => keeps <= 0.9 * pairs)
  return tenth?.at ?? notches[0]?.at ?? 100 * (runThreshold ?? 0)
}
