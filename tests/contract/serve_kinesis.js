// Run kinesalite or kinesis-local on a free port of the loopback, until standard input closes.
//
//     node serve_kinesis.js FOLDER kinesalite|kinesis-local
//
// FOLDER holds node_modules. Both listen on every interface and have no option against it, so the
// one call through which node listens is replaced. Says `PORT <number>` of the plain HTTP server.
// A line `pass <ms>` on standard input puts their clock forward, and is answered by `PASSED <ms>`.
'use strict'

const http = require('node:http')
const net = require('node:net')
const path = require('node:path')
const readline = require('node:readline')

const [folder, name] = process.argv.slice(2)
const ENCRYPTED = 4567 // kinesis-local's second server, which nobody asks

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...given) {
  const done = given.find((one) => typeof one === 'function')
  return listen.call(this, { host: '127.0.0.1', port: 0 }, () => {
    if (given[0] !== ENCRYPTED) console.log('PORT %d', this.address().port)
    if (done) done.call(this)
  })
}

let ahead = 0
const now = Date.now
const RealDate = Date
globalThis.Date = class extends RealDate {
  constructor (...given) {
    if (given.length) super(...given)
    else super(now() + ahead)
  }

  static now () {
    return now() + ahead
  }
}
// kinesis-local reckons from here; performance.now, which its waits count by, goes on as it is
const origin = performance.timeOrigin
Object.defineProperty(performance, 'timeOrigin', { get: () => origin + ahead })

// node's own Date header would tell the time as it is
const emit = http.Server.prototype.emit
http.Server.prototype.emit = function (event, request, response) {
  if (event === 'request') response.setHeader('Date', new Date().toUTCString())
  return emit.apply(this, arguments)
}

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [verb, ms] = line.split(' ')
    if (verb !== 'pass') return
    ahead += Number(ms)
    console.log('PASSED %d', ahead)
  })
  // not exit(): kinesis-local has been seen not to come out of it, and nothing is to be kept
  .on('close', () => process.kill(process.pid, 'SIGKILL'))

const modules = path.join(folder, 'node_modules')
if (name === 'kinesalite') {
  const kinesalite = require(path.join(modules, 'kinesalite'))
  kinesalite({ createStreamMs: 1, deleteStreamMs: 1, updateStreamMs: 1, shardLimit: 1000 }).listen()
} else {
  for (const what of ['CREATE_STREAM', 'DELETE_STREAM', 'MERGE_SHARDS', 'SPLIT_SHARD',
    'UPDATE_SHARD_COUNT']) process.env[what + '_DURATION'] = '1ms'
  process.env.KINESIS_MOCK_TLS_PORT = String(ENCRYPTED)
  process.env.SHARD_LIMIT = '1000'
  process.env.LOG_LEVEL = 'ERROR'
  process.env.SHOULD_PERSIST_DATA = 'false'
  // the certificate of its second, encrypted server is looked up in the working directory
  process.env.KINESIS_MOCK_CERT_PATH = path.join(modules, 'kinesis-local', 'server.json')
  require(path.join(modules, 'kinesis-local'))
}
