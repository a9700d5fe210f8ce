import { startWeb } from './web.js'
import { spawnSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
const [pages,hosts]=process.argv.slice(2).map(Number)
const web=await startWeb({kind:'crawl',pages,pictures:null,hosts})
rmSync('/tmp/cs',{recursive:true,force:true})
const c=spawn('node',[...process.argv.slice(4),'bench/_prof.js','/tmp/cs','16',...web.origins.map(o=>o+'/page/0.html')],{stdio:'inherit'})
await once(c,'exit')
const {page}=await web.report(); console.log('rate',page.count/(page.lastMs-page.firstMs)*1000,page.count)
await web.stop()
