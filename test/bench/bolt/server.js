// What a user of Slack's Bolt would write first: a slash command whose handler does nothing but acknowledge.
const { App, HTTPReceiver, LogLevel } = require('@slack/bolt');

const receiver = new HTTPReceiver({
  signingSecret: process.env.SIGNING_SECRET,
  endpoints: ['/slack/commands'],
  logLevel: LogLevel.ERROR,
});
const app = new App({
  receiver,
  logLevel: LogLevel.ERROR,
  // A token would be looked up once by auth.test; this is its answer.
  authorize: async () => ({ botToken: 'xoxb-0', botId: 'B0', botUserId: 'U0' }),
});
app.command('/mesos', async ({ ack }) => { await ack(); });
app.start({ port: 0, host: '127.0.0.1' }).then((server) => console.log(`port=${server.address().port}`));
