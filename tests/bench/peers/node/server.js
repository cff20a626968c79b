// One-time codes as an app on Node would have them: fastify, rate-limiter-flexible and ioredis, with the limits of the
// preset `hardened`. Codes are stored as keyed digests.
//
// LISTEN  path of the socket to serve on
// REDIS   path of Redis's socket
// CHARGE  `first` charges an attempt before it compares; otherwise a failure is charged once it is known, as the examples
//         of the library do
'use strict'

const crypto = require('node:crypto')
const fastify = require('fastify')
const { Redis } = require('ioredis')
const { RateLimiterRedis } = require('rate-limiter-flexible')

const HOUR = 3600
const LIFETIME = 300
const LOCKOUT = 900
const MAX_FAILURES = 5

const pepper = crypto.randomBytes(32)
const redis = new Redis(process.env.REDIS)
const limiter = (keyPrefix, points, duration, blockDuration = 0) =>
  new RateLimiterRedis({ storeClient: redis, keyPrefix, points, duration, blockDuration })

const cooldown = limiter('cooldown', 1, 60)
const userSends = limiter('sends', 3, HOUR)
const ipSends = limiter('ip-sends', 5, HOUR)
const userFailures = limiter('failures', MAX_FAILURES, HOUR, LOCKOUT)
const ipFailures = limiter('ip-failures', 50, HOUR)

const digest = (subject, code) => crypto.createHmac('sha256', pepper).update(`${subject}\0${code}`).digest()

// What the library rejects with says how long to wait; anything else is an error.
const refuse = (reply, rejected) => {
  if (rejected instanceof Error) throw rejected
  const wait = Math.max(1, Math.ceil(rejected.msBeforeNext / 1000))
  return reply.code(429).header('retry-after', wait).send({ code: 'too_many', retry_after: wait })
}

const app = fastify({ logger: false })

app.get('/readyz', async () => {
  await redis.ping()
  return { ready: true }
})

app.post('/v1/verifications', async (request, reply) => {
  const { subject, ip } = request.body
  try {
    await cooldown.consume(subject)
    await Promise.all([userSends.consume(subject), ipSends.consume(ip)])
  } catch (rejected) {
    return refuse(reply, rejected)
  }
  const code = String(crypto.randomInt(1_000_000)).padStart(6, '0')
  await redis.set(`code:${subject}`, digest(subject, code), 'EX', LIFETIME)
  return reply.code(201).send({ id: subject, status: 'pending', code, expires_in: LIFETIME })
})

const matches = async (subject, code) => {
  const stored = await redis.getBuffer(`code:${subject}`)
  return stored !== null && crypto.timingSafeEqual(stored, digest(subject, code))
}

const accepted = async (subject) => {
  await Promise.all([redis.del(`code:${subject}`), userFailures.delete(subject)])
  return { valid: true, status: 'approved' }
}

const chargeAfterwards = async (request, reply) => {
  const { id: subject, code, ip } = request.body
  const [user, network] = await Promise.all([userFailures.get(subject), ipFailures.get(ip)])
  if (user !== null && user.consumedPoints >= MAX_FAILURES) return refuse(reply, user)
  if (network !== null && network.remainingPoints <= 0) return refuse(reply, network)
  if (await matches(subject, code)) return accepted(subject)
  try {
    await Promise.all([userFailures.consume(subject), ipFailures.consume(ip)])
  } catch (rejected) {
    if (rejected instanceof Error) throw rejected
  }
  return { valid: false, reason: 'wrong_code' }
}

const chargeFirst = async (request, reply) => {
  const { id: subject, code, ip } = request.body
  try {
    await Promise.all([userFailures.consume(subject), ipFailures.consume(ip)])
  } catch (rejected) {
    return refuse(reply, rejected)
  }
  if (await matches(subject, code)) return accepted(subject)
  return { valid: false, reason: 'wrong_code' }
}

app.post('/v1/verifications/check', process.env.CHARGE === 'first' ? chargeFirst : chargeAfterwards)

app.listen({ path: process.env.LISTEN })
