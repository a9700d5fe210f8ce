import type { LiveHost, LiveWorker } from '../../explore/explore-data.js'
import { formatCount, formatShare } from '../figures.js'
import { ScrollTable } from '../scroll-table.js'
import { Text } from '../text.js'

const time = (ms: number): string => (ms <= 0 ? '' : ms < 1000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`)

/** The busiest hosts. */
export function LiveHosts({ hosts }: { readonly hosts: readonly LiveHost[] }) {
  if (hosts.length === 0) return null
  return (
    <>
      <h2>Busiest hosts</h2>
      <ScrollTable label="Busiest hosts">
        <thead>
          <tr>
            <th scope="col">Host</th>
            {['waiting', 'pages', 'next', 'delay', 'failures', 'rendered', 'yield'].map((name) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
            <th scope="col">state</th>
            <th scope="col">robots.txt</th>
          </tr>
        </thead>
        <tbody>
          {hosts.map((host) => (
            <tr key={host.host}>
              <th scope="row">
                <Text text={host.host} most={80} />
              </th>
              <td class="number">{formatCount(host.waiting)}</td>
              <td class="number">{formatCount(host.pages)}</td>
              <td class="number">{host.waiting > 0 ? time(host.nextInMs) || 'now' : ''}</td>
              <td class="number">{time(host.delayMs)}</td>
              <td class="number">{host.failures === 0 ? '' : formatCount(host.failures)}</td>
              <td class="number">
                {host.rendered !== null &&
                  `${formatCount(host.rendered.renders)}, ${formatCount(host.rendered.paid)} of use`}
              </td>
              <td class="number">
                {host.kept !== null && host.candidates !== null && formatShare(host.kept, host.candidates)}
              </td>
              <td>{host.state}</td>
              <td>
                <Text text={host.robots} most={80} />
              </td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
    </>
  )
}

/** Processes of a fleet. */
export function LiveWorkers({ workers }: { readonly workers: readonly LiveWorker[] }) {
  if (workers.length === 0) return null
  return (
    <>
      <h2>Workers</h2>
      <ScrollTable label="Workers">
        <thead>
          <tr>
            <th scope="col">Worker</th>
            <th scope="col">places</th>
            <th scope="col" class="number">
              busy
            </th>
            <th scope="col" class="number">
              last word
            </th>
            <th scope="col">problem</th>
          </tr>
        </thead>
        <tbody>
          {workers.map(({ worker, places, active, agoMs, problem }) => (
            <tr key={worker}>
              <th scope="row">
                <Text text={worker} most={80} />
              </th>
              <td>{places}</td>
              <td class="number">{formatCount(active)}</td>
              <td class="number">{time(agoMs)} ago</td>
              <td>{problem !== null && <Text text={problem} most={200} />}</td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
    </>
  )
}
