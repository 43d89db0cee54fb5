// Run inside `npm exec`: tells where the tools are that it brought.
process.stdout.write(JSON.stringify([process.execPath, process.env.PATH]))
