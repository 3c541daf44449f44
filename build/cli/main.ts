console.log('mezz')
